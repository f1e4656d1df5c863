"""Compiled loops agree with plain NumPy formulas of the same."""

import numpy as np
import pytest

from stepcast.engine.auto.ensemble.distribution import _ensemble
from stepcast.engine.auto.ensemble.residual_quantiles import NEIGHBOURS, SYMMETRY, error_quantiles
from stepcast.engine.auto.ensemble.stacking import CLIP, STEPS, error_products
from stepcast.engine.auto.ensemble.weights import BUCKETS, OWN_BUCKET, buckets_of, log_losses, share_of_bucket
from stepcast.engine.auto.ensemble.weights import CLIP as CLIPPED_LOSS
from stepcast.engine.auto.members.baselines import baselines
from stepcast.engine.auto.members.members import _make_sane
from stepcast.engine.auto.series.bounds import bounds_at
from stepcast.engine.auto.series.history import history_of
from stepcast.engine.auto.series.quantile_grid import PROBABILITIES
from stepcast.engine.auto.series.seasons import Seasons
from stepcast.engine.auto.sources.empirical import FADING, MEMORY, SEASONAL_FADING, empirical_quantiles
from stepcast.engine.auto.transforms.calendar_effects import CAUTION, FEW_TIMES, _sweep
from stepcast.engine.frequency import Frequency

DRAW = np.random.default_rng(4)
FORECASTS = DRAW.normal(1, 0.5, (5, 13, 8))
ACTUAL = DRAW.normal(1, 0.5, (12, 8))
ACTUAL[np.arange(12)[:, None] + np.arange(8) > 13] = np.nan  # the latest outcomes are not known yet
KNOWN = np.isfinite(ACTUAL)
WORTH = DRAW.uniform(0.5, 2, ACTUAL.shape)
WALK = DRAW.normal(0, 1, 90).cumsum()
ORIGINS = np.array([1, 5, 30, 77, 90])


@pytest.mark.parametrize("power", [1.0, 2.0])
def test_losses_are_logarithms_of_mean_errors_beside_the_median_members(power: float) -> None:
    errors = (np.abs(FORECASTS[:, :12] - ACTUAL) * WORTH) ** power

    def relative(inside: np.ndarray) -> np.ndarray:
        mean = errors[:, inside].mean(axis=1) ** (1 / power)
        return np.clip(np.log(mean / np.median(mean)), -CLIPPED_LOSS, CLIPPED_LOSS)

    overall = relative(KNOWN)
    own = [relative(KNOWN & (buckets_of(8) == bucket)) for bucket in range(BUCKETS)]
    expected = OWN_BUCKET * np.stack(own, axis=1) + (1 - OWN_BUCKET) * overall[:, None]
    assert log_losses(FORECASTS, ACTUAL, WORTH, power) == pytest.approx(expected)


def test_losses_of_what_nobody_knows_are_all_alike() -> None:
    assert not log_losses(FORECASTS, np.full((12, 8), np.nan), WORTH).any()


def test_products_of_errors_are_means_over_a_bucket_and_over_all() -> None:
    errors = (FORECASTS[:, :12] - ACTUAL) * WORTH
    errors = errors / np.median(np.abs(errors[:, KNOWN]).mean(axis=1))
    errors = np.clip(errors, -CLIP, CLIP)

    def products(inside: np.ndarray) -> np.ndarray:
        return errors[:, inside] @ errors[:, inside].T / inside.sum()

    expected = [(products(KNOWN & (buckets_of(8) == b)) + products(KNOWN)) / 2 for b in range(BUCKETS)]
    assert error_products(FORECASTS, ACTUAL, WORTH) == pytest.approx(np.stack(expected), rel=1e-9)


def test_products_are_taken_of_some_steps_of_a_long_horizon() -> None:
    forecasts, actual = DRAW.normal(size=(3, 4, 90)), DRAW.normal(size=(4, 90))
    bucket = buckets_of(90)
    steps = [np.flatnonzero(bucket == number) for number in range(BUCKETS)]
    thinned = np.concatenate([own[:: max(1, len(own) // STEPS)] for own in steps])
    errors = (forecasts - actual)[:, :, thinned]
    errors = errors / np.median(np.abs(errors).mean(axis=(1, 2)))
    overall = np.einsum("koh,loh->kl", errors, errors) / errors[0].size
    first = errors[:, :, :6]
    own = np.einsum("koh,loh->kl", first, first) / first[0].size

    found = error_products(forecasts, actual, np.ones((4, 90)))

    share = share_of_bucket(90)
    assert found[0] == pytest.approx(share * own + (1 - share) * overall, rel=1e-9)


@pytest.mark.parametrize("origins", [3, 20, 100, 200])
def test_quantiles_of_errors_pool_the_neighbours_and_half_their_mirror_image(origins: int) -> None:
    errors = DRAW.normal(0.3, 1, (origins, 7))
    near = next((count for most, count in NEIGHBOURS if origins <= most), 0)
    plain = np.stack(
        [
            np.quantile(errors[:, max(0, s - near) : s + near + 1], PROBABILITIES, method="hazen")
            for s in range(7)
        ]
    )
    expected = (1 - SYMMETRY / 2) * plain - SYMMETRY / 2 * plain[:, ::-1]
    assert error_quantiles(errors) == pytest.approx(expected)


def test_quantiles_beyond_what_enough_origins_know_widen_by_the_root_of_time() -> None:
    errors = np.where(np.arange(5) < 2, DRAW.normal(size=(40, 5)), np.nan)
    errors[0, 2] = 1000.0  # one error is too few

    found = error_quantiles(errors)

    assert found[2:] == pytest.approx(found[1] * np.sqrt(np.arange(3, 6) / 2)[:, None])


def test_errors_that_nobody_knows_are_none() -> None:
    assert not error_quantiles(np.full((9, 4), np.nan)).any()
    assert not error_quantiles(np.empty((0, 4))).any()


@pytest.mark.parametrize(
    ("seasons", "length"), [(Seasons(1, 0), 90), (Seasons(7, 0), 90), (Seasons(7, 0), 3)]
)
def test_past_values_of_a_phase_count_less_the_older_they_are(seasons: Seasons, length: int) -> None:
    values, season = np.round(WALK[:length], 1), seasons.short
    found = empirical_quantiles(values, seasons, 9)

    for step in range(9):
        seen = values[::-1][season - 1 - step % season :: season][:MEMORY]
        seen = seen if len(seen) else values[-1:]
        weight = np.exp(-(SEASONAL_FADING if season > 1 else FADING) * np.arange(len(seen)))
        order = np.argsort(seen, kind="stable")
        rank = np.cumsum(weight[order]) - weight[order] / 2
        assert found[step] == pytest.approx(np.interp(PROBABILITIES, rank / weight.sum(), seen[order]))


def test_past_values_around_the_phase_of_a_far_cycle_count_alike() -> None:
    seasons = Seasons(288, 0, 2016)
    values = np.round(DRAW.normal(0, 3, 3 * 2016 + 100), 1)
    found = empirical_quantiles(values, seasons, 9)

    for step in range(9):
        phases = [len(values) + step - (cycle + 1) * 2016 for cycle in range(3)]
        slots = [values[phase - 3 : phase + 3] for phase in phases]
        weight = np.repeat(np.exp(-SEASONAL_FADING * np.arange(3)), 6)
        order = np.argsort(np.concatenate(slots), kind="stable")
        rank = np.cumsum(weight[order]) - weight[order] / 2
        middle = np.interp(PROBABILITIES, rank / weight.sum(), np.concatenate(slots)[order])
        assert found[step] == pytest.approx(middle)


def test_baselines_are_what_they_are_called() -> None:
    names, found = baselines(WALK, Seasons(4, 0), ORIGINS, 6)

    made = dict(zip(names, found, strict=True))
    past = WALK[:77]
    assert set(made) == {"naive", "mean", "drift", "last_season", "mean_season"}
    assert made["naive"][3] == pytest.approx(np.full(6, past[-1]))
    assert made["mean"][3] == pytest.approx(np.full(6, past[-16:].mean()))
    assert made["drift"][3] == pytest.approx(past[-1] + np.arange(1, 7) * (past[-1] - past[-5]) / 4)
    assert made["last_season"][3] == pytest.approx(np.tile(past[-4:], 2)[:6])
    assert made["mean_season"][3] == pytest.approx(np.tile(past[-16:].reshape(4, 4).mean(axis=0), 2)[:6])
    assert made["mean_season"][0] == pytest.approx(np.full(6, WALK[0]))


def test_bounds_leave_the_range_before_the_origin_by_its_width() -> None:
    history = history_of(np.array([3.0, 5.0, 4.0, -1.0, 9.0]), 5, Frequency.parse("D"))
    values = history.values

    low, high = bounds_at(history, np.array([1, 3, 5]), 2, 1.0)

    assert low == pytest.approx([0.0, 0.0, values[3] - (values[4] - values[3]) * 1.4])
    assert high == pytest.approx(
        [
            values[0] * 4,
            values[1] + (values[1] - values[0]) * 5 / 3,
            values[4] + (values[4] - values[3]) * 1.4,
        ]
    )


def test_a_forecast_that_runs_away_becomes_the_last_value() -> None:
    made = np.array([[[1.0, -2.0]], [[1.0, 5.0]], [[np.nan, 1.0]]])

    _make_sane(made, np.zeros(1), np.full(1, 4.0), np.full(1, 3.0))

    assert made[:, 0].tolist() == [[1.0, 0.0], [3.0, 3.0], [3.0, 3.0]]


def test_an_ensemble_is_the_weighted_sum_of_its_members() -> None:
    weights = DRAW.uniform(size=(5, BUCKETS))
    ensemble, errors = np.empty((13, 8)), np.empty((12, 8))
    counts, sizes = np.zeros(8), np.zeros(8)

    _ensemble(FORECASTS, weights, ACTUAL, ensemble, errors, counts, sizes)

    assert ensemble == pytest.approx(np.einsum("koh,kh->oh", FORECASTS, weights[:, buckets_of(8)]))
    assert errors == pytest.approx(ACTUAL - ensemble[:-1], nan_ok=True)
    assert counts.tolist() == KNOWN.sum(axis=0).tolist()
    assert sizes == pytest.approx(np.nansum(np.abs(errors), axis=0))


def test_what_a_key_explains_moves_from_the_rest_to_the_effect() -> None:
    key, begin = np.arange(40) % 3, 5
    given = np.array([4.0, 0.1, -4.0])[key[begin:35]] + DRAW.normal(0, 1, 30)
    rest, effect = given.copy(), np.zeros(40)

    _sweep(np.stack([np.append(9, key)]), begin, rest, effect)

    groups = [given[key[begin:35] == group] for group in range(3)]
    spread = np.array([((one - one.mean()) ** 2).sum() for one in groups])
    variance = (spread + 3 * spread.sum() / 27) / (10 - 1 + 3)
    mean = np.array([one.mean() for one in groups])
    caution = CAUTION * (1 + (FEW_TIMES / 10) ** 2)
    kept = mean * np.maximum(0.0, 1 - caution * variance / (10 * mean**2))
    assert effect == pytest.approx(kept[key])
    assert rest == pytest.approx(given - kept[key[begin:35]])
