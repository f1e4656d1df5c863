"""No step ends in a KeyError: what cannot be is said with all that is needed to find it."""

import importlib
import inspect
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stepcast.engine.frequency import Frequency
from stepcast.engine.panel import Panel
from stepcast.pipeline import failures, steps
from stepcast.pipeline.errors import InternalError, ResourceNotFoundException
from stepcast.pipeline.internal_errors import each_series
from stepcast.pipeline.run import ShardRun
from stepcast.pipeline.steps.train_predictor import train_predictor
from tests.pipeline.steps.conftest import BUCKET, Account
from tests.pipeline.steps.whole_run import imported

STEPS = sorted(path.stem for path in Path(steps.__file__).parent.glob("[a-z]*.py"))
ITEMS = ("bulb", "cord", "lamp")
ROWS = "".join(f"{item},2024-01-{day:02d},{day}\n" for item in ITEMS for day in range(1, 29))
ETS = {"Predictor__AlgorithmArn": "arn:aws:forecast:::algorithm/ETS", "Predictor__PerformAutoML": ...}


@pytest.mark.parametrize("name", STEPS)
def test_every_step_turns_a_defect_into_an_internal_error(name: str) -> None:
    """Without clients, each stumbles over None: a stand-in for whatever nobody thought of."""
    function = getattr(importlib.import_module(f"stepcast.pipeline.steps.{name}"), name)
    run = ShardRun(bucket="b", run="r1", vintage="2024-01-01T00-00-00Z", shard=3)
    nothing = dict.fromkeys(
        p.name for p in inspect.signature(function).parameters.values() if p.kind is p.KEYWORD_ONLY
    )

    with pytest.raises(InternalError) as raised:
        function({} if name == "start_execution" else run, **nothing)

    step = "".join(part.capitalize() for part in name.split("_"))
    assert str(raised.value).startswith(f"{step} failed with an internal error")
    assert "Please report it" in str(raised.value)
    if name != "start_execution":
        assert "in run r1 of vintage 2024-01-01T00-00-00Z, shard 3" in str(raised.value)
    assert str(pickle.loads(pickle.dumps(raised.value))) == str(raised.value)  # noqa: S301  # our own


def test_a_shard_that_fails_names_the_item_and_leaves_a_note(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = imported(account, ROWS, **ETS)

    def train(panel: Panel, task: Any, shared: bytes) -> Any:
        if "bulb" in panel.ids:
            raise KeyError("nobody thought of this")

    monkeypatch.setattr("stepcast.pipeline.steps.train_predictor.engine.train", train)

    with pytest.raises(InternalError, match=r"shard 0, item 'bulb': KeyError: 'nobody thought of this' at "):
        train_predictor(ShardRun(**run.model_dump(), shard=0), s3=account.s3)

    (note,) = failures.notes(account.s3, run)
    assert note["Error"] == "InternalError"
    assert "item 'bulb'" in note["Cause"]


def test_a_file_that_the_import_stumbles_over_is_named(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stumble(*_: object) -> None:
        raise IndexError("nobody thought of this")

    monkeypatch.setattr("stepcast.pipeline.importing.files.csv_rows.sniff", stumble)

    with pytest.raises(
        InternalError, match=r"ImportData failed with .* file train/a.csv: IndexError: nobody"
    ):
        imported(account, ROWS)


def test_what_is_no_defect_keeps_its_name(account: Account) -> None:
    run = ShardRun(bucket=BUCKET, run="none", vintage="2024-01-01T00-00-00Z", shard=0)

    with pytest.raises(ResourceNotFoundException):
        train_predictor(run, s3=account.s3)


@pytest.mark.parametrize("count", [1, 2, 7])
def test_the_series_that_fails_alone_is_found(count: int) -> None:
    ids = tuple(f"i{number}" for number in range(count))
    values = tuple(np.arange(3.0) for _ in ids)
    panel = Panel(ids, values, tuple(np.ones(3, bool) for _ in ids), 2, Frequency.parse("D"))

    def work(part: Panel) -> None:
        if ids[-1] in part.ids:
            raise ValueError("odd")

    with pytest.raises(ValueError, match="odd") as raised:
        each_series(panel, work)

    assert raised.value.__notes__ == [f"item {ids[-1]!r}"]


def test_series_that_fail_together_alone_name_none() -> None:
    panel = Panel(("a", "b"), (np.arange(3.0),) * 2, (np.ones(3, bool),) * 2, 2, Frequency.parse("D"))

    def work(part: Panel) -> None:
        if len(part) == 2:
            raise ValueError("together")

    with pytest.raises(ValueError, match="together") as raised:
        each_series(panel, work)

    assert not getattr(raised.value, "__notes__", [])
