"""A history is forecast as counts, in its own units, where it is counts with zeros."""

import numpy as np
import pytest

from stepcast.engine.auto.series.covariates import Covariates
from stepcast.engine.auto.series.history import History, history_of
from stepcast.engine.auto.series.quantile_grid import PROBABILITIES
from stepcast.engine.auto.series.seasons import Seasons
from stepcast.engine.auto.sources.count_forecast import count_forecast_at
from stepcast.engine.auto.sources.counts import count_forecast
from stepcast.engine.frequency import Frequency

Floats = np.ndarray
COUNTS = np.random.default_rng(0).poisson(0.4, 80).astype(float)
NONE = Seasons(1, 0)


def a_history(values: Floats, unit: str = "Y", besides: Covariates | None = None) -> History:
    return history_of(np.asarray(values, float), len(values), Frequency.parse(unit), besides)


def besides(*features: str, labels: tuple[str, ...] = ()) -> Covariates:
    known = np.zeros((len(features), 90))
    return Covariates(features, known, (True,) * len(features), labels, np.zeros((90, 1)), np.empty(0), 10)


def test_a_table_has_the_quantiles_of_the_counts_and_their_mean_last() -> None:
    found = count_forecast_at(a_history(COUNTS), 80, 3)

    quantiles, means = count_forecast(COUNTS, NONE, 3)
    assert found.table.shape == (3, len(PROBABILITIES) + 1)
    assert found.table[:, :-1].tolist() == quantiles.tolist()
    assert found.table[:, -1] == pytest.approx(means)
    assert found.seasons == NONE
    assert found.history.values.tolist() == a_history(COUNTS).values.tolist()


def test_counts_keep_their_unit_whatever_the_scale_of_the_history() -> None:
    """The history is scaled by a power of two, which a count must not be."""
    found = count_forecast_at(a_history(100 * COUNTS), 80, 2)

    assert set(found.table[0, :-1]) <= set(np.arange(0.0, 1000))
    assert found.table[:, :-1].tolist() == count_forecast(100 * COUNTS, NONE, 2)[0].tolist()
    assert found.table[0, :-1].max() >= 100


def test_nothing_after_the_origin_is_seen() -> None:
    later = np.append(COUNTS[:50], np.full(30, 0.5))

    one, other = (count_forecast_at(a_history(values), 50, 2) for values in (COUNTS, later))

    assert one.table.tolist() == other.table.tolist()
    assert one.table.tolist() == count_forecast_at(a_history(COUNTS[:50]), 50, 2).table.tolist()
    assert count_forecast_at(a_history(later), 80, 2) is None


def test_the_season_is_one_that_the_values_before_the_origin_hold_twice() -> None:
    history = a_history(COUNTS, "M")

    assert count_forecast_at(history, 80, 2).seasons == Seasons(12, 0)
    assert count_forecast_at(history, 20, 2).seasons == NONE


def test_values_that_are_no_counts_have_no_table() -> None:
    assert count_forecast_at(a_history(COUNTS + 0.5), 80, 2) is None
    assert count_forecast_at(a_history(COUNTS + 1), 80, 2) is None


def test_before_the_first_value_there_is_nothing_to_count() -> None:
    assert count_forecast_at(a_history(COUNTS), 0, 2) is None
    assert count_forecast_at(a_history(np.zeros(3)), 1, 2) is not None


def test_a_filled_gap_is_not_asked_whether_it_is_a_count() -> None:
    """Between 1 and 4 a gap is filled with 2.5."""
    values = COUNTS.copy()
    values[20:23] = [1, np.nan, 4]

    assert count_forecast_at(a_history(values), 80, 2) is not None


@pytest.mark.parametrize(
    ("what", "counted"),
    [(None, True), (besides(), True), (besides("price"), False), (besides(labels=("Easter",)), False)],
)
def test_where_something_explains_the_counts_it_tells_more_than_they_do(
    what: Covariates | None, counted: bool
) -> None:
    assert (count_forecast_at(a_history(COUNTS, besides=what), 80, 2) is not None) is counted


@pytest.mark.parametrize(("share", "sparse"), [(0.8, True), (0.2, False)])
def test_counts_that_are_mostly_zero_are_sparse(share: float, sparse: bool) -> None:
    values = np.where(np.random.default_rng(1).uniform(size=80) < share, 0.0, 4.0)

    assert count_forecast_at(a_history(values), 80, 2).sparse is sparse


def test_a_mean_lies_between_the_outer_quantiles() -> None:
    """Where all quantiles are zero so is the mean; rare large counts take it above nearly all of them."""
    long_ago = np.append(np.tile(np.append(np.zeros(79), 1000.0), 6), np.zeros(40))
    assert not count_forecast_at(a_history(long_ago), 520, 3).table.any()

    now_and_then = np.append(np.tile(np.append(np.zeros(59), 1000.0), 6), np.zeros(40))
    *quantiles, mean = count_forecast_at(a_history(now_and_then), 400, 1).table[0]

    assert quantiles[-2] < mean < quantiles[-1]
    assert mean == pytest.approx(1000 / 60, rel=0.3)


def test_the_largest_number_there_is_stays_one() -> None:
    values = np.where(np.arange(30) % 3 == 0, 1.7e308, 0.0)

    found = count_forecast_at(a_history(values), 30, 2)

    assert np.isfinite(found.table).all()
    assert found.table.max() >= 1.7e308
