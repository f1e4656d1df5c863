"""What the journal promises: order, shared commits, nothing half, and going on when there is room again."""

import sqlite3
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import pytest

from localaws.durability.journal import Journal, NotKept


def kept(path: Path) -> list[tuple[str, str, bytes]]:
    """What another process would find now."""
    connection = sqlite3.connect(path)
    try:
        return connection.execute("SELECT scope, key, value FROM rows ORDER BY scope, key").fetchall()
    finally:
        connection.close()


def test_what_was_written_before_a_barrier_is_found_by_others(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal")
    journal.put("t", "a", "1", b"first")
    journal.put("t", "a", "1", b"second")
    journal.put("t", "a", "2", b"x")
    journal.delete("t", "a", "2")

    journal.barrier()

    assert kept(tmp_path / "journal") == [("a", "1", b"second")]
    journal.close()


def test_rows_that_belong_together_are_committed_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = Journal(tmp_path / "journal")
    journal.put("t", "a", "1", b"old")
    journal.barrier()
    seen = []
    taking = journal._commit_all

    def looking() -> None:
        taking()
        seen.append([value for _, _, value in kept(tmp_path / "journal")])

    monkeypatch.setattr(journal, "_commit_all", looking)
    committing = threading.Event()
    thread = threading.Thread(target=lambda: [list(journal.rows("t")) for _ in iter(committing.is_set, True)])
    thread.start()
    for number in range(50):
        journal.put_all("t", "a", {"1": None, "2": b"a %d" % number, "3": b"b %d" % number})
        journal.put_all("t", "a", {"1": b"old", "2": None, "3": None})
    committing.set()
    thread.join()
    journal.barrier()

    pairs = {tuple(values) for values in seen}
    assert pairs <= {(b"old",), *((b"a %d" % number, b"b %d" % number) for number in range(50))}
    journal.close()


def test_the_log_is_long_from_the_start_and_holds_nothing(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    journal = Journal(path)

    assert path.with_name("journal-wal").stat().st_size > 3_000_000
    assert path.stat().st_size < 100_000
    assert kept(path) == []
    journal.put("t", "a", "1", b"x")
    journal.barrier()
    assert kept(path) == [("a", "1", b"x")]
    journal.close()


def test_clear_removes_what_starts_with_the_prefix_and_nothing_else(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal")
    for scope, key in (("a", "x/1"), ("a", "x/2"), ("a", "y"), ("b", "x/1")):
        journal.put("t", scope, key, b"")

    journal.clear("t", "a", "x/")
    journal.barrier()

    assert [(scope, key) for scope, key, _ in journal.rows("t")] == [("a", "y"), ("b", "x/1")]
    journal.close()


def test_lazy_rows_come_with_the_close_at_the_latest(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal")
    journal.put("t", "a", "1", b"progress", lazy=True)

    journal.close()

    assert kept(tmp_path / "journal") == [("a", "1", b"progress")]


def test_many_threads_each_find_their_own_row_after_their_barrier(tmp_path: Path) -> None:
    journal, lost = Journal(tmp_path / "journal"), []

    def write(name: str) -> None:
        for number in range(20):
            journal.put("t", name, f"{number:03}", b"")
            journal.barrier()
            if (name, f"{number:03}", b"") not in set(journal.rows("t", name)):
                lost.append((name, number))

    threads = [threading.Thread(target=write, args=(f"w{number}",)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    journal.close()

    assert lost == []
    assert len(kept(tmp_path / "journal")) == 160


def test_a_kill_after_the_barrier_loses_nothing(tmp_path: Path) -> None:
    program = f"""
        import os, signal
        from pathlib import Path
        from localaws.durability.journal import Journal
        journal = Journal(Path({str(tmp_path / "journal")!r}))
        journal.put("t", "a", "1", b"kept")
        journal.barrier()
        os.kill(os.getpid(), signal.SIGKILL)
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(program)], check=False)

    again = Journal(tmp_path / "journal")

    assert list(again.rows("t")) == [("a", "1", b"kept")]
    again.close()


def test_a_full_disk_fails_the_barrier_and_what_waited_is_written_when_there_is_room(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal")
    journal.put("t", "a", "1", b"before")
    journal.barrier()
    pages = journal._connection.execute("PRAGMA page_count").fetchone()[0]
    journal._connection.execute(f"PRAGMA max_page_count = {pages + 1}")

    journal.put("t", "a", "2", b"x" * 100_000)
    with pytest.raises(NotKept, match="free space"):
        journal.barrier()

    assert kept(tmp_path / "journal") == [("a", "1", b"before")]
    journal._connection.execute("PRAGMA max_page_count = 100000")
    journal.barrier()
    assert [key for _, key, _ in kept(tmp_path / "journal")] == ["1", "2"]
    journal.close()


def test_without_a_file_nothing_is_kept_and_nothing_waits() -> None:
    journal = Journal(None)
    journal.put("t", "a", "1", b"")

    journal.barrier()

    assert list(journal.rows("t")) == []
    journal.close()
