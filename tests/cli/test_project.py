"""The project is found in a checkout, and its state machine says in which order steps run."""

from pathlib import Path

import pytest

from stepcast.cli.failure import Failure
from stepcast.cli.project import Project

ROOT = Path(__file__).parents[2]


def test_in_a_checkout_the_project_is_its_root() -> None:
    assert Project.find().root == ROOT


def test_a_folder_without_a_template_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Failure, match=r"no template\.yaml"):
        Project.find(tmp_path)


def test_the_steps_are_those_of_a_run_that_goes_well() -> None:
    steps = [step.removesuffix("Function") for step in Project.find().steps()]

    assert " ".join(steps) == (
        "CreateDataset ImportData MonitorDrift FitShared TrainPredictor Forecast Reconcile Export "
        "UpdateAthena Notify Cleanup"
    )


def test_without_testing_data_it_says_what_to_do_instead(tmp_path: Path) -> None:
    with pytest.raises(Failure, match="stepcast up"):
        _ = Project(tmp_path).train
