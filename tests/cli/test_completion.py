"""The shell completes commands and the names of functions."""

import os
import subprocess

import pytest

from stepcast.cli.completion import complete
from tests.cli.processes import command


@pytest.mark.parametrize("begun", ["Tr", "train_p", "trainp"])
def test_names_are_completed_however_they_are_written(begun: str) -> None:
    assert complete(begun) == ["TrainPredictor"]


def test_bash_is_offered_the_names() -> None:
    answer = subprocess.run(
        command(),
        env={
            **os.environ,
            "_STEPCAST_COMPLETE": "complete_bash",
            "COMP_WORDS": "stepcast invoke Up",
            "COMP_CWORD": "2",
        },
        capture_output=True,
        text=True,
        check=False,
    )

    assert answer.stdout.split() == ["UpdateAthena"], answer.stderr


def test_completion_can_be_installed() -> None:
    answer = subprocess.run(
        command("--show-completion", "bash"),
        env={**os.environ, "_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert answer.returncode == 0, answer.stderr
    assert "_STEPCAST_COMPLETE=complete_bash" in answer.stdout
