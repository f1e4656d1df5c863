"""Tuning in FitShared: its invocations, what it leaves, and who sees how far it is."""

from typing import Any

import pytest

from stepcast.cli.executions import training_note
from stepcast.engine.errors import MissingPackage
from stepcast.engine.tuning.study import Progress, Trial
from stepcast.pipeline import layout, tuned
from stepcast.pipeline.errors import Superseded, TuningContinues
from stepcast.pipeline.run import Run
from stepcast.pipeline.steps.cleanup import CleanupRun, cleanup
from stepcast.pipeline.steps.fit_shared import fit_shared
from stepcast.pipeline.training import training_logged
from tests.pipeline.steps.conftest import BUCKET, Account
from tests.pipeline.steps.test_fit_shared import sales
from tests.pipeline.steps.whole_run import imported

NPTS: dict[str, Any] = {
    "Predictor__PerformAutoML": ...,
    "Predictor__AlgorithmArn": "arn:aws:forecast:::algorithm/NPTS",
    "Predictor__PerformHPO": True,
    "Predictor__TrainingParameters": {"use_default_time_features": "true"},
    "Predictor__Tuning": {"Trials": 6, "Sampler": "random"},
}


def test_an_invocation_that_is_too_short_is_followed_by_others(account: Account) -> None:
    run = imported(account, sales(4), **NPTS)
    for _ in range(6):
        with pytest.raises(TuningContinues, match="the next one goes on"):
            fit_shared(run, s3=account.s3, seconds_left=lambda: 0.0)
    fit_shared(run, s3=account.s3, seconds_left=lambda: 0.0)  # makes no trial, so it may train

    assert len([key for key in account.keys(layout.RUNS) if "/study/" in key]) == 6
    chosen = tuned.read(account.s3, BUCKET, run.work)
    assert chosen is not None
    assert chosen.trials == 6
    assert run.params(account.s3).predictor.training_parameters == {
        "use_default_time_features": "true",
        **chosen.parameters,
    }


def test_a_run_whose_input_changes_while_it_tunes_steps_aside(account: Account) -> None:
    run = imported(account, sales(4), **NPTS)
    with pytest.raises(TuningContinues):
        fit_shared(run, s3=account.s3, seconds_left=lambda: 0.0)
    account.put("train/b.csv", sales(1))

    with pytest.raises(Superseded):
        fit_shared(run, s3=account.s3)


def test_a_run_that_does_not_publish_leaves_no_trials(account: Account) -> None:
    run = imported(account, sales(2), **NPTS)
    fit_shared(run, s3=account.s3)
    assert account.keys(layout.TUNING)

    cleanup(CleanupRun(**run.model_dump(), ending="failed"), s3=account.s3)

    assert account.keys(layout.TUNING) == []
    assert account.keys(layout.work(run.work)) == []


def test_the_trials_are_counted_while_they_are_made(account: Account) -> None:
    run: Run = account.run()
    trial = Trial(4, {"kernel_type": "uniform"}, 0.5, "complete", 1.0, 3, "")
    with training_logged(account.s3, run, "P") as training:
        training.tried(Progress(trial, 20, Trial(2, {}, 0.25, "complete", 1.0, 3, "")))

    execution = f"arn:aws:states:us-east-1:123456789012:execution:stepcast-forecast:{run.run}"
    assert training_note(account.s3, BUCKET, execution) == "tuning: 5 of 20 trials, best 0.25"


def test_a_predictor_made_of_an_earlier_one_has_its_parameters(account: Account) -> None:
    run = imported(account, sales(2), **NPTS)
    fit_shared(run, s3=account.s3)
    chosen = tuned.read(account.s3, BUCKET, run.work)
    assert chosen is not None

    tuned.take(account.s3, BUCKET, "later/work", "Later", chosen.predictor)
    tuned.take(account.s3, BUCKET, "other/work", "Other", "NeverTuned")

    assert tuned.read(account.s3, BUCKET, "later/work") == chosen
    assert tuned.read(account.s3, BUCKET, "other/work") is None


def test_a_function_without_optuna_says_so(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    run = imported(account, sales(2), **NPTS)
    monkeypatch.setattr("stepcast.pipeline.steps.fit_shared.find_spec", lambda _: None)

    with pytest.raises(MissingPackage, match=r"PerformHPO needs the package optuna.*stepcast\[tune\]"):
        fit_shared(run, s3=account.s3)
