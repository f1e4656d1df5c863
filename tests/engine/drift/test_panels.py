"""The measured bar, on small panels; benchmarks/drift.py has the large ones."""

import drift as benchmark
import numpy as np
import pytest

from stepcast.engine.drift import KINDS, Watched, discoveries, drifts, examine

HOURLY = benchmark.RHYTHMS[0]


@pytest.mark.slow
def test_each_kind_in_one_item_of_twenty_is_found_and_little_else() -> None:
    drifted = found = false = 0
    for seed, kind in enumerate((*KINDS, None)):
        simulated = benchmark.simulate(np.random.default_rng(seed), HOURLY, 120, kind)
        items = drifts(examine(benchmark.watched_of(simulated, HOURLY)).p, benchmark.RATE).any(axis=1)
        drifted += simulated.drifted.sum()
        found += (items & simulated.drifted).sum()
        false += (items & ~simulated.drifted).sum()

    assert drifted == 4 * 6
    assert found >= 0.8 * drifted
    assert false <= 0.1 * (found + false)


def nothing_new(items: int = 3, time: int = 400, new: int = 20) -> Watched:
    forecast = np.full((items, new, 3), np.nan)
    return Watched(
        values=np.random.default_rng(0).standard_normal((items, time)),
        new=new,
        seasons=(7,),
        year=0,
        quantiles=(0.1, 0.5, 0.9),
        forecast=forecast,
        tested_actual=np.empty((items, 0)),
        tested_forecast=np.empty((items, 0, 3)),
    )


def test_fewer_than_thirty_values_say_nothing() -> None:
    watched = nothing_new()
    watched.values[:, -20:] += 100

    assert (examine(watched).p == 1).all()


@pytest.mark.parametrize("what", ["missing", "zero", "constant", "huge", "one value"])
def test_odd_series_are_examined_without_a_warning(what: str) -> None:
    watched = nothing_new(new=40)
    values = watched.values
    values[:] = {"missing": np.nan, "zero": 0.0, "constant": 7.0, "huge": 1e300, "one value": np.nan}[what]
    if what == "one value":
        values[:, 5] = 1.0

    evidence = examine(watched)

    assert ((evidence.p > 0) & (evidence.p <= 1)).all()
    assert not discoveries(evidence.p, 0.05).any()


def test_the_beginning_of_a_shift_is_told() -> None:
    watched = nothing_new(items=20, new=40)
    watched.values[:, -25:] += 6

    evidence = examine(watched)

    label = KINDS.index("label")
    assert (evidence.p[:, label] < 0.01).all()
    assert np.abs(np.median(evidence.since[:, label]) - 15) <= 1


def test_missing_values_and_short_histories_are_no_drift() -> None:
    random = np.random.default_rng(2)
    simulated = benchmark.simulate(random, HOURLY, 120, None)
    values, new = simulated.values, HOURLY.new
    values[random.random(values.shape) < 0.2] = np.nan
    for row in values[::2]:
        row[: random.integers(0, len(row) - new)] = np.nan
    values[::3, -new // 2 :] = np.nan
    watched = Watched(
        values=values,
        new=new,
        seasons=HOURLY.seasons,
        year=0,
        quantiles=(0.1, 0.5, 0.9),
        forecast=np.full((120, new, 3), np.nan),
        tested_actual=np.empty((120, 0)),
        tested_forecast=np.empty((120, 0, 3)),
        features={"price": simulated.price},
    )

    assert drifts(examine(watched).p, 0.05).any(axis=1).sum() <= 1
