"""The tree member: gradient boosting from scaled lags to quantiles of any step, shared by all series."""

from dataclasses import dataclass
from functools import cache, lru_cache
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

from stepcast.engine.arrays import Floats, Integers
from stepcast.engine.auto.compiled import compiled
from stepcast.engine.auto.series.covariates import Covariates
from stepcast.engine.auto.series.history import History
from stepcast.engine.auto.series.quantile_grid import PROBABILITIES
from stepcast.engine.auto.series.seasons import Seasons

if TYPE_CHECKING:
    import lightgbm as lgb

__all__ = ["RECENT", "Trees", "can_grow", "features", "fit_trees", "value_features"]


FITTED = (0.1, 0.5, 0.9)  # the quantiles trees are grown for; the others lie between and beyond them
RECENT = 5  # latest values that are features one by one
FEWEST_BEFORE = 12  # values in the window before an origin; two seasons if they are longer
FEWEST_ROWS = 400
SETTINGS = {
    "objective": "quantile",
    "learning_rate": 0.1,
    "num_leaves": 40,
    "min_data_in_leaf": 40,
    "feature_fraction": 0.8,
    "bagging_fraction": 0.7,
    "bagging_freq": 1,
    "lambda_l2": 1.0,
    "max_bin": 63,
    "verbose": -1,
    "num_threads": 1,  # the shard is the unit of parallelism
    "deterministic": True,
    "force_row_wise": True,
    "seed": 7,
}
# Of the normal distribution, to four decimals: they place the quantiles between and beyond the fitted ones.
NORMAL = np.array([round(NormalDist().inv_cdf(p), 4) for p in PROBABILITIES])


@dataclass(frozen=True)
class Trees:
    """One booster for each of FITTED, as LightGBM's text."""

    boosters: tuple[str, ...]
    seasons: Seasons

    def quantiles(self, histories: list[History], origins: Integers, horizon: int) -> Floats:
        """Quantiles (series, horizon, PROBABILITIES), each series from its own origin (series,)."""
        steps = np.arange(horizon)[None]
        rows = [
            features(h, np.array([o]), self.seasons, steps) for h, o in zip(histories, origins, strict=True)
        ]
        table, middles, scales = (np.concatenate([row[part] for row in rows]) for part in range(3))
        return self.of_features(table, middles, scales)

    def of_features(self, table: Floats, middles: Floats, scales: Floats) -> Floats:
        """The same from what ``features`` gives: (series, horizon, features), (series,) and (series,)."""
        flat = table.reshape(-1, table.shape[-1])
        fitted = np.stack([_grown(text).predict(flat, num_threads=1) for text in self.boosters], axis=-1)
        fitted = np.sort(fitted.reshape(*table.shape[:2], len(FITTED)), axis=-1)
        low, middle, high = np.moveaxis(fitted, -1, 0)[..., None]
        reach = NORMAL / NORMAL[-4]
        scaled = middle + np.where(reach < 0, reach * (middle - low), reach * (high - middle))
        result: Floats = scaled * scales[:, None, None] + middles[:, None, None]
        return result


@lru_cache(maxsize=8)
def _grown(text: str) -> "lgb.Booster":
    import lightgbm as lgb  # takes a second, which panels without trees need not wait for

    return lgb.Booster(model_str=text)


@cache
def can_grow() -> bool:
    """Whether LightGBM can be loaded: on macOS it needs a libomp that its wheel does not bring."""
    try:
        import lightgbm  # noqa: F401 - only whether it can be
    except (ImportError, OSError):
        return False
    return True


def fit_trees(
    histories: list[History], until: Integers, seasons: Seasons, horizon: int, rows: int, rounds: int
) -> Trees | None:
    """Grow trees on targets before ``until`` (series,); None where there are too few."""
    import lightgbm as lgb

    draw = np.random.default_rng(11)
    warm = max(min(2 * seasons.short, 60), 4)
    steps = min(horizon, 24)
    each = max(1, rows // max(len(histories) * steps, 1))
    tables, targets = [], []
    for history, last in zip(histories, until, strict=True):
        series = history.values
        # a last horizon that is only partly known still teaches the nearer steps
        candidates = np.arange(min(warm, max(last // 2, 1)), last)
        if len(candidates) == 0:
            continue
        origins = np.sort(draw.choice(candidates, min(each, len(candidates)), replace=False))
        # copied, since the kernel is compiled for arrays in one piece
        chosen = np.argsort(draw.random((len(origins), horizon)), axis=1)[:, :steps].copy()
        table, middle, scale = features(history, origins, seasons, chosen)
        places = origins[:, None] + chosen
        inside = places < last
        target = (series[np.minimum(places, len(series) - 1)] - middle[:, None]) / scale[:, None]
        inside &= np.abs(target) < 30
        tables.append(table[inside].astype(np.float32))
        targets.append(target[inside])
    if sum(map(len, targets)) < FEWEST_ROWS:
        return None
    table, target = np.concatenate(tables), np.concatenate(targets)
    data = lgb.Dataset(
        table,
        target,
        params={"max_bin": SETTINGS["max_bin"], "verbose": -1, "num_threads": 1},
        free_raw_data=False,
        categorical_feature=list(range(table.shape[1] - _codes(histories[0]), table.shape[1])),
    )
    # kept as it was trained, else LightGBM writes and reads it once more
    boosters = [
        lgb.train({**SETTINGS, "alpha": quantile}, data, rounds, keep_training_booster=True)
        for quantile in FITTED
    ]
    return Trees(tuple(booster.model_to_string() for booster in boosters), seasons)


def features(
    history: History, origins: Integers, seasons: Seasons, steps: Integers
) -> tuple[Floats, Floats, Floats]:
    """Features (origins, steps, features) of ``steps`` ahead (origins, steps), which begin with 0, and middle
    and scale (origins,) of the window.

    All of them are relative to the middle and scale of the window before the origin, so that series of any
    size teach one another. Covariates come after the values, categories last.
    """
    table, middle, scale = value_features(history.values, origins, steps, seasons.short, seasons.long)
    if history.covariates is not None:
        window = max(2 * seasons.short, FEWEST_BEFORE)
        covariates = _of_covariates(history.covariates, origins, steps, window)
        table = np.concatenate([table, np.stack(covariates, axis=-1)], axis=-1)
    return table, middle, scale


@compiled
def value_features(values, origins, steps, short, long):  # type: ignore[no-untyped-def]
    """Those of ``features`` that come from the values alone, and middle and scale.

    Columns: the step, the values whole seasons before it, and then those that all steps of an origin share.
    """
    window = max(2 * short, FEWEST_BEFORE)
    cycles = (3 if short > 1 else 0) + (2 if long > 1 else 0)
    columns = 1 + cycles + RECENT + 7 + (3 if short > 1 else 0)
    table = np.empty((len(origins), steps.shape[1], columns))
    middles, scales = np.empty(len(origins)), np.empty(len(origins))
    for row in range(len(origins)):
        origin = origins[row]
        begin = max(origin - window, 0)
        middle = _mean(values, begin, origin)
        deviation, lowest, highest = 0.0, np.inf, -np.inf
        for place in range(begin, origin):
            deviation += abs(values[place] - middle)
            lowest, highest = min(lowest, values[place]), max(highest, values[place])
        scale = deviation / (origin - begin) + 1e-3 * abs(middle) + 1e-9
        middles[row], scales[row] = middle, scale

        for ahead in range(steps.shape[1]):
            step = steps[row, ahead]
            table[row, ahead, 0] = step
            column = 1
            for season, most in ((short, 3), (long, 2)):
                if season <= 1:
                    continue
                for cycle in range(1, most + 1):
                    place = origin + step - season * (step // season + cycle)
                    table[row, ahead, column] = (values[place] - middle) / scale if place >= 0 else np.nan
                    column += 1

        own = table[row, 0, 1 + cycles :]
        for back in range(RECENT):
            own[back] = (values[max(origin - 1 - back, 0)] - middle) / scale
        column = RECENT
        for length in (3, 6, 2 * window):
            own[column] = (_mean(values, max(origin - length, 0), origin) - middle) / scale
            column += 1
        own[column] = np.log(scale / (abs(middle) + 1e-9))
        own[column + 1] = np.log1p(float(origin))
        own[column + 2] = (lowest - middle) / scale
        own[column + 3] = (highest - middle) / scale
        if short > 1:
            latest = (_mean(values, max(origin - short, 0), origin) - middle) / scale
            # where there is no whole season before the latest one, what is missing counts as zero
            start = max(origin - 2 * short, 0)
            earlier = values[start : max(origin - short, 0)].sum() / short
            own[column + 4] = own[0] - (values[max(origin - 1 - short, 0)] - middle) / scale
            own[column + 5] = latest
            own[column + 6] = latest - (earlier - middle) / scale
        for ahead in range(1, steps.shape[1]):
            table[row, ahead, 1 + cycles :] = own
    return table, middles, scales


@compiled
def _mean(values, begin, stop):  # type: ignore[no-untyped-def]
    return values[begin:stop].sum() / (stop - begin)


def _of_covariates(covariates: Covariates, origins: Integers, ahead: Integers, size: int) -> list[Floats]:
    """Columns like ``ahead`` (origins, steps): related features, holidays near it, categories.

    A feature that is known ahead counts as it is at the step, one that is not as it last was; both also
    relative to their mean over the ``size`` periods before the origin.
    """
    steps = origins[:, None] + ahead
    columns = []
    for values, forward in zip(covariates.related, covariates.forward, strict=True):
        known = np.isfinite(values)
        total = np.concatenate([[0.0], np.cumsum(np.where(known, values, 0.0))])
        count = np.concatenate([[0], np.cumsum(known)])
        begin = np.maximum(origins - size, 0)
        seen = count[origins] - count[begin]
        usual = np.where(seen > 0, (total[origins] - total[begin]) / np.maximum(seen, 1), np.nan)
        places = steps if forward else np.broadcast_to(origins[:, None] - 1, steps.shape)
        here = np.where(places < len(values), values[np.minimum(places, len(values) - 1)], np.nan)
        columns += [here, here - usual[:, None]]
    if covariates.labels:
        holiday = covariates.holidays[:, 0]
        for neighbour in (-1, 0, 1):
            places = np.clip(steps + neighbour, 0, len(holiday) - 1)
            columns.append(holiday[places])
    columns += [np.full(steps.shape, code) for code in covariates.codes]
    return columns


def _codes(history: History) -> int:
    """How many categories the last columns of a history's features hold."""
    return 0 if history.covariates is None else len(history.covariates.codes)
