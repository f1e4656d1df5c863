"""A deployment knows its commit, and a folder that git does not keep has none."""

import shutil
import subprocess
from pathlib import Path

import pytest

from stepcast.cli.commit import commit_of
from stepcast.cli.project import Project

ROOT = Path(__file__).parents[2]


def git(folder: Path, *arguments: str) -> str:
    name = ["-c", "user.name=x", "-c", "user.email=x@example.com"]
    command = ["git", "-C", str(folder), *name, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    if shutil.which("git") is None:
        pytest.skip("git is not installed: the commit of a checkout is read with it")
    shutil.copy(ROOT / "template.yaml", tmp_path)
    git(tmp_path, "init")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "--message", "all", "--no-gpg-sign")
    git(tmp_path, "tag", "v1")
    return tmp_path


def test_it_is_the_commit_that_is_checked_out(checkout: Path) -> None:
    assert commit_of(Project(checkout)) == git(checkout, "rev-parse", "HEAD")


def test_changed_files_make_it_dirty(checkout: Path) -> None:
    with (checkout / "template.yaml").open("a") as file:
        file.write("# changed\n")

    assert commit_of(Project(checkout)) == git(checkout, "rev-parse", "HEAD") + "-dirty"


def test_a_package_below_somebodys_repository_has_none_of_its_own(checkout: Path) -> None:
    installed = checkout / "site-packages/stepcast/project"
    installed.mkdir(parents=True)
    shutil.copy(ROOT / "template.yaml", installed)

    assert commit_of(Project(installed)) == ""


def test_a_template_that_does_not_ask_is_not_told(checkout: Path) -> None:
    (checkout / "template.yaml").write_text("Resources: {}\n")

    assert commit_of(Project(checkout)) == ""
