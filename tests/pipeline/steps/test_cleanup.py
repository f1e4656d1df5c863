"""Cleanup removes what a run leaves behind and never a published forecast."""

from typing import Any

import pytest

from stepcast.pipeline import layout, resources
from stepcast.pipeline.steps.cleanup import CleanupRun, cleanup
from tests.pipeline.given import params_bytes
from tests.pipeline.steps.conftest import BUCKET, Account

STAMP = "20260102T030405Z"


def left_behind(account: Account, *, published: bool) -> dict[str, Any]:
    """A run that got as far as Export."""
    run = account.run()
    account.put(layout.frozen_params(run.work), params_bytes())
    account.put(f"runs/{run.work}/shards/part-0.parquet")
    account.put(f"datasets/Sales/Sales_{STAMP}/part-0.parquet")
    account.put(f"accuracy/SalesPredictor_{STAMP}/accuracy/part-0.parquet")
    account.put(f"predictors/SalesPredictor_{STAMP}/trained/part-0.npz")
    account.exported(run.vintage, published=published)
    resources.create(account.s3, BUCKET, "dataset-import-job", f"Sales_{STAMP}", {})
    resources.mark(account.s3, BUCKET, "dataset-import-job", f"Sales_{STAMP}", "ACTIVE")
    resources.create(account.s3, BUCKET, "predictor", f"SalesPredictor_{STAMP}", {})
    return run.model_dump()


@pytest.mark.parametrize("ending", ["kept", "deleted", "superseded", "failed"])
def test_a_published_forecast_and_its_data_are_kept_whatever_happens_afterwards(
    account: Account, ending: str
) -> None:
    run = left_behind(account, published=True)

    cleanup(CleanupRun.model_validate({**run, "ending": ending}), s3=account.s3)

    assert f"forecast/{run['vintage']}/clean/part-0.csv" in account.keys("forecast/")
    assert account.keys("datasets/")
    assert account.keys("accuracy/")
    assert bool(account.keys("predictors/")) is (ending != "deleted")
    assert not account.keys("runs/")


def test_perform_delete_removes_the_resources(account: Account) -> None:
    run = left_behind(account, published=True)

    cleanup(CleanupRun.model_validate({**run, "ending": "deleted"}), s3=account.s3)

    assert account.keys("resources/") == []


def test_a_superseded_run_leaves_nothing(account: Account) -> None:
    run = left_behind(account, published=False)

    cleanup(CleanupRun.model_validate({**run, "ending": "superseded"}), s3=account.s3)

    assert account.keys() == ["params.json", "train/a.csv"]


def test_a_failed_run_leaves_its_resources_as_failed(account: Account) -> None:
    run = left_behind(account, published=False)

    for _ in range(2):  # a retry changes nothing
        cleanup(CleanupRun.model_validate({**run, "ending": "failed"}), s3=account.s3)

    imported = resources.describe(account.s3, BUCKET, "dataset-import-job", f"Sales_{STAMP}")
    predictor = resources.describe(account.s3, BUCKET, "predictor", f"SalesPredictor_{STAMP}")
    assert (imported["Status"], predictor["Status"]) == ("ACTIVE", "CREATE_FAILED")
    assert not account.keys("forecast/")


def test_a_run_that_has_made_nothing_removes_nothing_of_another_with_its_vintage(account: Account) -> None:
    other = left_behind(account, published=False)
    before = account.keys()

    cleanup(CleanupRun.model_validate({**other, "run": "0" * 32, "ending": "superseded"}), s3=account.s3)

    assert account.keys() == before


def test_a_forecast_that_has_moved_to_history_meanwhile_keeps_its_accuracy(account: Account) -> None:
    run = left_behind(account, published=True)
    for key in account.keys("forecast/"):
        account.put(key.replace("forecast/", "history/", 1), account.body(key))
        account.s3.delete_object(Bucket=BUCKET, Key=key)

    cleanup(CleanupRun.model_validate({**run, "ending": "kept"}), s3=account.s3)

    assert account.keys("accuracy/")
    assert account.keys("history/")


def test_a_superseded_run_says_whether_the_input_is_its_own_again(account: Account) -> None:
    run = CleanupRun.model_validate({**account.run().model_dump(), "ending": "superseded"})
    assert cleanup(run, s3=account.s3).again

    account.put("train/b.csv", "lamp,2026-01-02,1\n")
    assert not cleanup(run, s3=account.s3).again
