"""Where compiled networks are kept: with this user alone, and not for ever."""

import os
from pathlib import Path

import pytest

from stepcast.engine.neural import compilation


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


def test_nobody_else_can_write_there(home: Path) -> None:
    folder = compilation.folder()

    assert folder is not None
    assert folder.is_relative_to(home)
    assert folder.stat().st_mode & 0o077 == 0
    folder.chmod(0o777)
    assert compilation.folder() is None


def test_without_a_home_to_write_to_nothing_is_kept(home: Path) -> None:
    (home / ".cache").write_text("no folder")

    assert compilation.folder() is None


def test_the_oldest_files_are_removed(home: Path) -> None:
    folder = compilation.folder()
    assert folder is not None
    for number in range(compilation.MOST + 2):
        (folder / str(number)).touch()
        os.utime(folder / str(number), (number, number))

    compilation.folder()

    assert {int(path.name) for path in folder.iterdir()} == set(range(2, compilation.MOST + 2))
    assert home in folder.parents
