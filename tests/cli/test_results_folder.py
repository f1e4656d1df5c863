"""The folder of results is replaced whole, and only over what an earlier run wrote."""

from pathlib import Path

import pytest

from stepcast.cli.failure import Failure
from stepcast.cli.results_folder import ResultsFolder


def write(folder: Path, **files: str) -> None:
    with ResultsFolder(folder).replaced() as fresh:
        (fresh / "raw").mkdir()
        for name, text in files.items():
            (fresh / "raw" / f"{name}.csv").write_text(text)


def contents(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): path.read_text()
        for path in folder.rglob("*")
        if path.is_file() and path.name != ".stepcast.json"
    }


def test_a_second_run_replaces_the_first(tmp_path: Path) -> None:
    write(tmp_path / "out", a="1", b="1")
    write(tmp_path / "out", a="2")

    assert contents(tmp_path / "out") == {"raw/a.csv": "2"}


def test_an_error_leaves_what_was_there_and_nothing_else(tmp_path: Path) -> None:
    write(tmp_path / "out", a="1")

    with pytest.raises(FileNotFoundError), ResultsFolder(tmp_path / "out").replaced() as fresh:
        (fresh / "absent" / "half.csv").write_text("x")

    assert contents(tmp_path / "out") == {"raw/a.csv": "1"}
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_files_of_others_are_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("years of work")

    with pytest.raises(Failure, match=r"thesis\.tex.*--force"):
        ResultsFolder(tmp_path)


def test_a_file_that_was_put_into_the_results_later_is_refused_too(tmp_path: Path) -> None:
    write(tmp_path / "out", a="1")
    (tmp_path / "out" / "raw" / "notes.txt").write_text("mine")

    with pytest.raises(Failure, match=r"raw/notes\.txt"):
        ResultsFolder(tmp_path / "out")


def test_force_keeps_files_of_others_beside_the_results(tmp_path: Path) -> None:
    out = tmp_path / "out"
    (out / "deep").mkdir(parents=True)
    (out / "deep" / "notes.txt").write_text("mine")

    with ResultsFolder(out, force=True).replaced() as fresh:
        (fresh / "leaderboard.csv").write_text("x")

    assert contents(out) == {"deep/notes.txt": "mine", "leaderboard.csv": "x"}


def test_an_empty_folder_is_anybodys(tmp_path: Path) -> None:
    write(tmp_path, a="1")

    assert contents(tmp_path) == {"raw/a.csv": "1"}


def test_one_file_can_be_added_and_counts_as_ours(tmp_path: Path) -> None:
    write(tmp_path / "out", a="1")
    ResultsFolder(tmp_path / "out").add("validation.md", "bad")
    write(tmp_path / "out", a="2")

    assert contents(tmp_path / "out") == {"raw/a.csv": "2"}


def test_a_file_where_the_folder_should_be_is_refused(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("x")

    with pytest.raises(Failure, match="is a file"):
        ResultsFolder(tmp_path / "out")
