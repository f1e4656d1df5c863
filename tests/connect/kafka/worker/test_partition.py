"""What a worker knows follows from the messages of a partition in their order, and from nothing else."""

from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stepcast.connect.errors import ConnectorError
from stepcast.connect.kafka.worker.partition import Observation, Partition
from stepcast.connect.kafka.worker.plan import Emission, Plan
from stepcast.connect.kafka.worker.records import everything, records, restored
from tests.connect.kafka.worker.smoothing import Smoothing

MINUTE = 60_000
FIRST = int(datetime(2024, 1, 1, tzinfo=UTC).timestamp()) * 1000
HOUR = 60 * MINUTE
PERIOD = FIRST // HOUR  # hours are numbered from 1970


def at(minutes: float, value: float, item: str = "a") -> Observation:
    return Observation(item, FIRST + round(minutes * MINUTE), value)


def fed(plan: Plan, *observations: Observation) -> Partition:
    partition = Partition(plan, Smoothing())
    assert partition.apply(observations) == len(observations)
    return partition


def closed_values(partition: Partition, item: str = "a") -> dict[int, float]:
    """What was observed, by period since the first hour."""
    periods, values = partition.recent.of(partition.slots[item])
    return dict(zip((periods - PERIOD).tolist(), values.tolist(), strict=True))


@pytest.mark.parametrize(
    ("aggregation", "value"),
    [("sum", 9.0), ("avg", 3.0), ("first", 5.0), ("last", 1.0), ("min", 1.0), ("max", 5.0), ("count", 3.0)],
)
def test_a_period_is_its_observations_by_moment_whatever_their_order(aggregation, value) -> None:
    plan = Plan(aggregation=aggregation)

    partition = fed(plan, at(30, 3.0), at(0, 5.0), at(50, 1.0), at(60, 7.0))

    assert closed_values(partition) == {0: value}


def test_a_period_is_closed_when_the_partition_has_seen_a_moment_the_lateness_after_its_end() -> None:
    partition = fed(Plan(lateness=10 * MINUTE), at(0, 1.0), at(69, 2.0, "b"))
    assert partition.closed == PERIOD - 1

    partition.apply([at(70, 1.0, "b")])

    assert partition.closed == PERIOD


def test_what_comes_late_within_the_lateness_counts_and_later_is_dropped_with_a_count() -> None:
    partition = fed(
        Plan(lateness=10 * MINUTE),
        at(0, 1.0),
        at(69, 9.0),
        at(59, 2.0),
        at(70, 9.0),
        at(59, 4.0),
        at(131, 0.0),
    )

    assert closed_values(partition) == {0: 3.0, 1: 18.0}
    assert (partition.counts.late, partition.counts.observations) == (1, 5)


@pytest.mark.parametrize(("doubled", "value"), [("replace", 7.0), ("drop", 3.0), ("keep", 8.0)])
def test_an_observation_with_the_moment_of_an_earlier_one(doubled, value) -> None:
    partition = fed(Plan(doubled=doubled), at(0, 1.0), at(5, 2.0), at(0, 5.0), at(60, 0.0))

    assert closed_values(partition) == {0: value}
    assert partition.counts.doubled == (0 if doubled == "keep" else 1)


def test_only_so_many_observations_can_be_replaced() -> None:
    partition = fed(Plan(window=2), *(at(minute, 1.0) for minute in (0, 1, 2, 0)), at(60, 0.0))

    assert closed_values(partition) == {0: 4.0}
    assert partition.counts.doubled == 0


def test_a_forecast_is_made_of_each_item_at_each_origin() -> None:
    partition = fed(Plan(), at(0, 1.0), at(1, 5.0, "b"), at(60, 2.0), at(120, 0.0))

    forecasts = partition.take().forecasts

    assert [(one.origin - PERIOD, one.items) for one in forecasts] == [(0, ("a", "b")), (1, ("a", "b"))]
    assert forecasts[1].values[:, 0, 1].tolist() == pytest.approx([1.1, 5.0])


@pytest.mark.parametrize(("filling", "level"), [("zero", 0.81), ("nan", 1.0), ("mean", 1.0), ("value", 1.38)])
def test_gaps_are_filled_as_the_plan_says(filling, level) -> None:
    plan = Plan(filling=filling, filling_value=3.0)

    partition = fed(plan, at(0, 1.0), at(180, 1.0))

    assert partition.series.level.tolist() == pytest.approx([level])
    assert closed_values(partition) == {0: 1.0}


def test_a_jump_over_many_periods_is_forecast_once() -> None:
    """Forecasts of origins that are over when they are made are of no use."""
    partition = fed(Plan(), at(0, 1.0), at(600, 1.0))

    assert [one.origin - PERIOD for one in partition.take().forecasts] == [9]


def test_every_third_period_is_forecast_even_if_a_jump_leaves_it_out() -> None:
    plan = Plan(emission=Emission(every=3))
    partition = fed(plan, *(at(60 * hour, 1.0) for hour in (0, 1, 2, 3, 4, 8)))

    assert PERIOD % 3 == 0
    assert [one.origin - PERIOD for one in partition.take().forecasts] == [0, 3, 7]


def test_between_due_forecasts_only_surprised_items_are_forecast() -> None:
    plan = Plan(emission=Emission(every=1000, on_change=True))
    partition = fed(plan, at(0, 1.0), at(0, 1.0, "b"), at(60, 1.0), at(60, 1.0, "b"))
    partition.take()

    partition.apply([at(120, 1.0), at(120, 100.0, "b"), at(180, 1.0)])

    assert [one.items for one in partition.take().forecasts] == [("b",)]


def test_apply_stops_when_enough_forecasts_wait() -> None:
    partition = Partition(Plan(), Smoothing())

    taken = partition.apply([at(60 * hour, 1.0) for hour in range(9)], most=2)

    assert (taken, partition.take().forecast_count) == (4, 3)


def test_what_is_open_can_be_closed_when_nothing_comes_any_more() -> None:
    partition = fed(Plan(lateness=10 * MINUTE), at(0, 1.0), at(65, 2.0))

    partition.close_open()

    assert closed_values(partition) == {0: 1.0, 1: 2.0}
    assert partition.apply([at(119, 1.0)]) == 1
    assert partition.counts.late == 1


def test_weeks_and_months_are_periods_as_the_calendar_has_them() -> None:
    partition = Partition(Plan(), Smoothing("M"))
    days = [0, 30.9, 31, 59.9, 60]  # of 2024: January ends with the 31st day, February with the 60th

    partition.apply([at(1440 * day, 1.0) for day in days])

    assert [(one.origin, len(one.items)) for one in partition.take().forecasts] == [(648, 1), (649, 1)]


observations = st.lists(
    st.builds(
        at,
        st.one_of(st.floats(0, 400), st.integers(0, 40).map(lambda number: number * 10.0)),
        st.floats(-1e6, 1e6),
        st.sampled_from(["a", "b", "ü / c"]),
    ),
    max_size=60,
)
plans = st.builds(
    Plan,
    aggregation=st.sampled_from(["sum", "avg", "first", "last", "min", "max", "count"]),
    lateness=st.sampled_from([0, 7 * MINUTE, 100 * MINUTE]),
    doubled=st.sampled_from(["keep", "replace", "drop"]),
    window=st.sampled_from([1, 3]),
    filling=st.sampled_from(["nan", "zero", "mean", "median"]),
    emission=st.sampled_from([Emission(), Emission(2), Emission(100, on_change=True)]),
)


@settings(suppress_health_check=[HealthCheck.too_slow])  # on a busy machine
@given(plans, observations, st.data())
def test_neither_batches_nor_restarts_leave_a_trace(plan, given_observations, data) -> None:
    """Bit for bit: the state, and the forecasts that were written."""
    whole = Partition(plan, Smoothing())
    whole.apply(given_observations)
    whole_forecasts = whole.take().forecasts

    kept: dict[bytes, bytes] = {}
    forecasts, offset = [], 0
    part = Partition(plan, Smoothing())
    while offset < len(given_observations):
        size = data.draw(st.integers(1, 20))
        most = data.draw(st.sampled_from([None, 0, 2]))
        offset += part.apply(given_observations[offset : offset + size], most)
        progress = part.take()
        forecasts += progress.forecasts
        kept.update(records(part, progress, offset))
        if data.draw(st.booleans()):
            part, begins = restored(plan, Smoothing(), dict(data.draw(st.permutations(sorted(kept.items())))))
            assert begins == offset

    assert everything(part, 0) == everything(whole, 0)
    assert [(one.origin, one.items) for one in forecasts] == [
        (one.origin, one.items) for one in whole_forecasts
    ]
    for mine, undisturbed in zip(forecasts, whole_forecasts, strict=True):
        np.testing.assert_array_equal(mine.values, undisturbed.values)


def test_another_predictor_is_told_what_was_observed() -> None:
    plan = Plan(filling="zero")
    values = [at(60 * hour, float(hour), item) for hour in (0, 1, 4, 5) for item in "ab"]
    partition = fed(plan, *values)
    offset, kept = len(values), everything(partition, len(values))
    before = partition.series.level

    partition.take_over(Smoothing(name="next"))

    np.testing.assert_array_equal(partition.series.level, before)
    assert partition.take().closed == {"a", "b"}
    again, begins = restored(plan, Smoothing(name="next"), kept)
    assert (begins, again.forecaster.name) == (offset, "next")
    assert everything(again, offset) == everything(partition, offset)


def test_a_predictor_that_knows_more_than_was_observed_closes_what_it_knows() -> None:
    partition = fed(Plan(), at(0, 1.0), at(60, 2.0))
    later = Smoothing(name="later")
    later.end = PERIOD + 5

    partition.take_over(later)
    partition.apply([at(120, 1.0), at(7 * 60, 1.0)])

    assert (partition.closed, partition.counts.late) == (PERIOD + 6, 1)


def test_state_of_another_aggregation_is_refused() -> None:
    partition = fed(Plan(), at(0, 1.0))
    kept = everything(partition, 1)

    with pytest.raises(ConnectorError, match="aggregation sum, not avg: start a new --group"):
        restored(Plan(aggregation="avg"), Smoothing(), kept)
