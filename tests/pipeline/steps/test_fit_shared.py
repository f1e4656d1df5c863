"""What is learned once for all shards, and that no shard shows in the result."""

from typing import Any

import numpy as np
import pytest

from stepcast.connect.keras import register
from stepcast.engine import archive
from stepcast.engine.auto import Shared
from stepcast.engine.errors import BadParameter, UnusableModel
from stepcast.pipeline import layout, objects
from stepcast.pipeline.errors import ResourceNotFoundException, Superseded
from stepcast.pipeline.importing.target import plan
from stepcast.pipeline.steps.fit_shared import fit_shared
from tests.pipeline.steps.conftest import BUCKET, Account
from tests.pipeline.steps.whole_run import imported, leaderboard, rows_under, run_steps


def sales(items: int = 13, days: int = 80) -> str:
    """Noisy daily sales, each item of its own size; enough items for trees to be grown."""
    draw = np.random.default_rng(3)
    return "".join(
        f"item {item:02},{np.datetime64('2026-01-01') + day},{size * (10 + day % 7 + draw.normal()):.3f}\n"
        for item, size in enumerate(draw.uniform(1, 50, items))
        for day in range(days)
    )


def exported(account: Account) -> dict[str, Any]:
    """All that is exported of single items."""
    (vintage,) = {key.split("/")[1] for key in account.keys("forecast/")}
    items = [row for row in leaderboard(account) if row["scope"] == "item"]
    return {
        "raw": rows_under(account, layout.raw(layout.FORECAST, vintage)),
        "clean": rows_under(account, layout.clean(layout.FORECAST, vintage)),
        "accuracy": rows_under(account, "accuracy/"),
        "leaderboard": items,
    }


@pytest.mark.parametrize("algorithm", [None, "NPTS"])
def test_the_export_is_the_same_bit_by_bit_however_the_series_are_dealt_out(
    account: Account, monkeypatch: pytest.MonkeyPatch, algorithm: str | None
) -> None:
    named = {"Predictor__AlgorithmArn": f"arn:aws:forecast:::algorithm/{algorithm}"}
    changes = {**named, "Predictor__PerformAutoML": ...} if algorithm else {}
    found, counts = [], []
    monkeypatch.setattr(plan, "PARALLEL", 1)
    for most in (500, 4, 2):
        monkeypatch.setattr(plan, "SERIES", most)
        run = run_steps(account, sales(), **changes)
        found.append(exported(account))
        counts.append(len(objects.read_json(account.s3, BUCKET, layout.shard_list(run.work))))
        objects.delete_all(account.s3, BUCKET, "")

    assert counts == [1, 4, 7]
    assert found[0] == found[1] == found[2]
    assert len(found[0]["raw"]) == 13 * 7


def test_what_is_learned_can_be_read_again_and_the_predictor_is_described(account: Account) -> None:
    run = fit_shared(imported(account, sales()), s3=account.s3)

    shared = archive.from_bytes(Shared, objects.read(account.s3, BUCKET, layout.shared(run.work)))
    (resource,) = account.keys("resources/predictor/")
    assert shared.final.trees is not None
    assert objects.read_json(account.s3, BUCKET, resource)["Status"] == "CREATE_IN_PROGRESS"


def test_for_a_named_algorithm_nothing_is_learned_but_the_predictor_is_described(account: Account) -> None:
    arn = "arn:aws:forecast:::algorithm/ETS"
    run = fit_shared(
        imported(account, sales(2), Predictor__PerformAutoML=..., Predictor__AlgorithmArn=arn), s3=account.s3
    )

    with pytest.raises(ResourceNotFoundException):
        objects.read(account.s3, BUCKET, layout.shared(run.work))
    (resource,) = account.keys("resources/predictor/")
    assert objects.read_json(account.s3, BUCKET, resource)["AlgorithmArn"] == arn


def test_a_model_that_is_not_there_is_asked_for(account: Account) -> None:
    run = imported(
        account,
        sales(2),
        Predictor__PerformAutoML=...,
        Predictor__AlgorithmArn="arn:aws:forecast:::algorithm/Keras",
        Predictor__TrainingParameters={"model": "models/net.keras"},
    )

    with pytest.raises(
        BadParameter, match=r"models/net.keras.* has no such file; upload it, or name another"
    ):
        fit_shared(run, s3=account.s3)


def test_a_file_that_is_no_model_is_named(account: Account) -> None:
    pytest.importorskip("keras", reason="Keras is not installed: the extra keras")
    register()
    account.put("models/net.keras", "no archive")
    run = imported(
        account,
        sales(2),
        Predictor__PerformAutoML=...,
        Predictor__AlgorithmArn="arn:aws:forecast:::algorithm/Keras",
        Predictor__TrainingParameters={"model": "models/net.keras"},
    )

    with pytest.raises(UnusableModel, match=r"Keras model models/net.keras cannot be used: .*archive"):
        fit_shared(run, s3=account.s3)


def test_doing_it_again_gives_the_same(account: Account) -> None:
    run = fit_shared(imported(account, sales(2)), s3=account.s3)
    first = archive.from_bytes(Shared, objects.read(account.s3, BUCKET, layout.shared(run.work)))

    fit_shared(run, s3=account.s3)

    again = archive.from_bytes(Shared, objects.read(account.s3, BUCKET, layout.shared(run.work)))
    assert np.array_equal(first.final.calibration.factors, again.final.calibration.factors)


def test_newer_input_ends_the_run_before_anything_is_learned(account: Account) -> None:
    run = imported(account, sales(2))
    account.put("train/b.csv", sales(1))

    with pytest.raises(Superseded):
        fit_shared(run, s3=account.s3)
    assert account.keys("resources/predictor/") == []
