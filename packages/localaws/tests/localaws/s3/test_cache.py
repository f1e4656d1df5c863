"""Copies of objects stay within their limit, and are whole or not there."""

import os
from pathlib import Path

import pytest

from localaws.s3.remote.cache import FileCache


def add(cache: FileCache, name: str, size: int, read: int) -> Path:
    """A file that was read last at that second."""
    path = cache.add(name, write=lambda path: path.write_bytes(b"x" * size))
    os.utime(path, (read, read))
    return path


def test_what_was_read_longest_ago_goes_first(tmp_path: Path) -> None:
    cache = FileCache(tmp_path, 100)
    add(cache, "a", 40, 1)
    add(cache, "b", 40, 2)
    assert cache.find("a") is not None  # and so it was read just now
    add(cache, "c", 40, 3)

    assert [cache.find(name) is not None for name in "abc"] == [True, False, True]


def test_one_that_is_larger_than_the_limit_stays_until_the_next_comes(tmp_path: Path) -> None:
    cache = FileCache(tmp_path, 100)
    add(cache, "a", 10, 1)
    large = add(cache, "large", 500, 2)
    assert large.stat().st_size == 500
    add(cache, "b", 10, 3)

    assert cache.find("large") is None
    assert cache.find("b") is not None


def test_a_copy_that_fails_leaves_nothing(tmp_path: Path) -> None:
    cache = FileCache(tmp_path, 100)

    def fail(path: Path) -> None:
        path.write_bytes(b"half")
        raise ConnectionError("gone")

    with pytest.raises(ConnectionError):
        cache.add("a", write=fail)
    assert cache.find("a") is None
    assert list(tmp_path.iterdir()) == []


def test_what_is_there_at_the_start_counts(tmp_path: Path) -> None:
    add(FileCache(tmp_path, 100), "a", 60, 1)
    (tmp_path / "left.new").write_bytes(b"unfinished")
    cache = FileCache(tmp_path, 100)

    assert cache.find("a") is not None
    add(cache, "b", 60, 4_000_000_000)
    assert cache.find("a") is None
    assert not (tmp_path / "left.new").exists()
