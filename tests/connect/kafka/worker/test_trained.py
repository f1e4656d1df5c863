"""A predictor of the pipeline goes on with a stream, and another takes over from it."""

from pathlib import Path

import numpy as np
import pytest

from stepcast.connect.kafka.worker.partition import Observation, Partition
from stepcast.connect.kafka.worker.plan import Plan
from stepcast.connect.kafka.worker.published import read_predictor
from stepcast.connect.kafka.worker.records import everything, records, restored
from stepcast.connect.kafka.worker.trained import Trained, TrainedSeries
from stepcast.engine import archive
from tests.connect.kafka.worker.conftest import HORIZON, predictor_in, values_of
from tests.engine.online import streams

END = 19_800  # 2024-03-18
DAY = 86_400_000
IDS = ("a", "b", "c")
LENGTH = 70


@pytest.fixture(scope="module")
def predictors(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Trained]:
    """One up to ``END``; and one of two of the items, five days later."""
    folder = tmp_path_factory.mktemp("predictors")
    before = predictor_in(folder / "before", IDS, LENGTH, END)
    after = predictor_in(folder / "after", IDS[:2], LENGTH + 5, END + 5)
    return {place.name: read_predictor(Path(place)) for place in (before, after)}


def days(first: int, last: int, ids: tuple[str, ...] = IDS) -> list[Observation]:
    """Observations of the days that follow the training, from the ``first`` to the ``last``."""
    values = dict(zip(IDS, values_of(IDS, LENGTH + last), strict=True))
    values["new"] = np.full(LENGTH + last, 5.0)
    return [
        Observation(item, DAY * (END + day), float(values[item][LENGTH + day - 1]))
        for day in range(first, last + 1)
        for item in ids
    ]


def test_forecasts_follow_the_season_that_was_learned(predictors) -> None:
    partition = Partition(Plan(), predictors["before"])

    partition.apply(days(1, 8))

    last = partition.take().forecasts[-1]
    assert (last.origin, last.items) == (END + 7, IDS)
    wanted = [values[-HORIZON:] for values in values_of(IDS, LENGTH + 7 + HORIZON)]
    np.testing.assert_allclose(last.values[:, :, 1], wanted, atol=1.5)
    assert (np.diff(last.values, axis=2) >= 0).all()


def test_observations_that_were_trained_on_are_not_learned_twice(predictors) -> None:
    partition = Partition(Plan(), predictors["before"])

    partition.apply([Observation("a", DAY * END, 1e9), *days(1, 3)])

    assert partition.counts.late == 1
    assert partition.take().forecasts[-1].values.max() < 100


def test_a_new_item_is_forecast_from_its_first_period_on(predictors) -> None:
    partition = Partition(Plan(), predictors["before"])

    partition.apply(days(1, 2, (*IDS, "new")))

    assert partition.take().forecasts[-1].items == (*IDS, "new")


def test_a_restart_leaves_no_trace(predictors) -> None:
    plan, forecaster, given = Plan(filling="zero"), predictors["before"], days(1, 12, (*IDS, "new"))
    whole = Partition(plan, forecaster)
    whole.apply(given)

    part, kept = Partition(plan, forecaster), {}
    for at in range(0, len(given), 5):
        part.apply(given[at : at + 5])
        kept.update(records(part, part.take(), at))
        part, _ = restored(plan, forecaster, kept)

    assert everything(part, 0) == everything(whole, 0)


@pytest.mark.parametrize("restarts", [False, True])
def test_another_predictor_takes_over_where_the_stream_is(predictors, restarts) -> None:
    """It knows five days more of two of the items; of the third it is told what came."""
    partition = Partition(Plan(), predictors["before"])
    partition.apply(days(1, 8))

    if restarts:
        partition, _ = restored(Plan(), predictors["after"], everything(partition, 0))
    else:
        partition.take_over(predictors["after"])
        assert partition.take().closed == set(IDS)
    partition.apply(days(9, 10))

    last = partition.take().forecasts[-1]
    assert (last.origin, last.items) == (END + 9, IDS)
    wanted = [values[-HORIZON:] for values in values_of(IDS, LENGTH + 9 + HORIZON)]
    np.testing.assert_allclose(last.values[:2, :, 1], wanted[:2], atol=1.5)
    assert np.isfinite(last.values).all()


def test_the_series_of_a_partition_learn_together_and_a_restart_leaves_no_trace() -> None:
    stream = streams.seasonal(items=12, known=240, after=10)
    shared = archive.to_bytes(streams.with_trees(stream, 0.75))
    forecaster = Trained("one", stream.task, [stream.panel], shared)
    ids, slots = list(stream.panel.ids), np.arange(12)

    def begun() -> TrainedSeries:
        series = forecaster.series()
        series.add(ids)
        return series

    def told(series: TrainedSeries, first: int, last: int) -> TrainedSeries:
        for step in range(first, last):
            series.update(slots, streams.END + 1 + step, stream.values[:, 240 + step])
        return series

    whole, restarted = told(begun(), 0, 10), forecaster.series()
    restarted.put(ids, told(begun(), 0, 6).to_bytes(slots))
    told(restarted, 6, 10)

    layout = whole.state.common.layout
    assert np.any(whole.state.rows[:, layout.together : layout.effect] != 0)
    assert restarted.to_bytes(slots) == whole.to_bytes(slots)
