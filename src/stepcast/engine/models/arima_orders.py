"""Which orders an ARIMA model of a series might have: cheap tests and regressions, no likelihood yet."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np

from stepcast.engine.arrays import Floats

__all__ = ["Order", "Wanted", "level_test", "promising_orders", "seasonal_strength"]


# Above this the level wanders: the 5 % point of the KPSS test (Kwiatkowski et al. 1992, table 1).
WANDERS = 0.463
# Above this the season is strong enough to be differenced (Hyndman and Athanasopoulos, 3rd edition, 9.9).
STRONG_SEASON = 0.64
MOST_LAGS, MOST_LAGS_IN_ALL = 3, 4


@dataclass(frozen=True)
class Order:
    """ARIMA(p, d, q)(P, D, Q)season; ``constant`` is whether the differenced series has a mean."""

    p: int
    d: int
    q: int
    seasonal_p: int
    seasonal_d: int
    seasonal_q: int
    season: int
    constant: bool

    @property
    def weights(self) -> int:
        """The number of autoregressive and moving average weights to estimate."""
        return self.p + self.q + self.seasonal_p + self.seasonal_q

    def difference(self, values: Floats) -> Floats:
        """``values`` (time,) after d ordinary and D seasonal differences."""
        for _ in range(self.seasonal_d):
            values = values[self.season :] - values[: -self.season]
        return np.diff(values, n=self.d)


@dataclass(frozen=True)
class Wanted:
    """Orders that are given; None is chosen."""

    p: int | None = None
    d: int | None = None
    q: int | None = None

    def pairs(self) -> Iterator[tuple[int, int]]:
        """What p and q may be: of those that are chosen, not too many lags in all."""
        sizes = range(MOST_LAGS + 1)
        for p, q in product(sizes if self.p is None else (self.p,), sizes if self.q is None else (self.q,)):
            if None not in (self.p, self.q) or p + q <= MOST_LAGS_IN_ALL:
                yield p, q


AS_FOUND = Wanted()


def promising_orders(values: Floats, season: int, count: int, wanted: Wanted = AS_FOUND) -> list[Order]:
    """The ``count`` best orders, best first, scored by two regressions each (Hannan and Rissanen 1982).

    Shapes:  ``values`` (time,), oldest first, none missing, not all alike. ``season`` 1 is none.
    First the differences: a seasonal one where the season is strong, then ordinary ones as long as the KPSS
    test finds that the level wanders, two in all at most. Then p and q up to 3 (4 together), P and Q up to 1:
    a long autoregression gives the shocks, a regression on past values and past shocks gives AICc. Lags of
    the product terms get weights of their own here: this only decides which orders are worth a likelihood.
    Orders that are ``wanted`` are not chosen.
    """
    seasonal_d = int(len(values) >= 3 * season > 3 and seasonal_strength(values, season) > STRONG_SEASON)
    rest = values[season:] - values[:-season] if seasonal_d else values
    d = 0
    if wanted.d is not None:
        rest, d = np.diff(rest, n=wanted.d), wanted.d
    while wanted.d is None and d + seasonal_d < 2 and len(rest) > 5 and level_test(rest) > WANDERS:
        rest, d = np.diff(rest), d + 1
    # A mean of the series itself is always estimated; one of its differences is a drift, and may be none; a
    # mean of second differences would be a parabola.
    constants = {0: (True,), 1: (False, True)}.get(d + seasonal_d, (False,))
    found: list[tuple[float, Order]] = []
    for constant in constants:
        stationary = rest - rest.mean() if constant else rest
        for criterion, (p, q, seasonal_p, seasonal_q) in _regressions(stationary, season, constant, wanted):
            order = Order(p, d, q, seasonal_p, seasonal_d, seasonal_q, season, constant)
            found.append((criterion, order))
    found.sort(key=lambda pair: pair[0])
    plain = Order(wanted.p or 0, d, wanted.q or 0, 0, seasonal_d, 0, season, constants[0])
    return [order for _, order in found[:count]] or [plain]


def seasonal_strength(values: Floats, season: int) -> float:
    """The share, 0 to 1, of what is left after the trend that the season explains.

    >>> seasonal_strength(np.tile([1.0, 2.0, 6.0], 4), season=3)
    1.0
    """
    weights = np.full(season, 1 / season)
    if season % 2 == 0:
        weights = np.concatenate([[0.5], np.ones(season - 1), [0.5]]) / season
    trend = np.convolve(values, weights, mode="valid")
    begin = (len(weights) - 1) // 2
    detrended = values[begin : begin + len(trend)] - trend
    place = np.arange(len(detrended)) % season
    usual = np.bincount(place, detrended, season) / np.maximum(np.bincount(place, minlength=season), 1)
    variance = float(detrended.var())
    if not variance > 0:
        return 0.0
    return max(0.0, 1 - float((detrended - usual[place]).var()) / variance)


def level_test(values: Floats) -> float:
    """The KPSS statistic: large where the level wanders, near zero where it stays.

    Source: Kwiatkowski, Phillips, Schmidt and Shin (1992), Bartlett weights up to 3 sqrt(n) / 13 lags.
    """
    count = len(values)
    deviation = values - values.mean()
    lags = int(3 * np.sqrt(count) / 13)
    variance = float(deviation @ deviation) / count
    for lag in range(1, lags + 1):
        variance += 2 * (1 - lag / (lags + 1)) * float(deviation[lag:] @ deviation[:-lag]) / count
    if not variance > 0:
        return 0.0
    return float(np.sum(np.cumsum(deviation) ** 2)) / count**2 / variance


def _regressions(
    values: Floats, season: int, constant: bool, wanted: Wanted
) -> Iterator[tuple[float, tuple[int, int, int, int]]]:
    """AICc of every (p, q, P, Q) that the length of ``values`` allows, all on the same points."""
    count = len(values)
    long = min(max(10, 2 * season), count // 4)
    if long < 1:
        return
    past = _lagged(values, range(1, long + 1), long)
    shocks = np.zeros(count)
    shocks[long:] = values[long:] - past @ np.linalg.lstsq(past, values[long:], rcond=None)[0]
    seasonal = int(season > 1 and count >= 4 * season)
    begin = max(min(long + seasonal * season + MOST_LAGS, count // 2), MOST_LAGS)
    if begin < seasonal * (season + MOST_LAGS):
        seasonal = 0
    target = values[begin:]
    both = range(seasonal + 1)
    for (p, q), seasonal_p, seasonal_q in product(wanted.pairs(), both, both):
        columns = np.hstack(
            [
                _lagged(values, _product_lags(p, seasonal_p, season), begin),
                _lagged(shocks, _product_lags(q, seasonal_q, season), begin),
            ]
        )
        parameters = p + q + seasonal_p + seasonal_q + 1 + constant
        spare = len(target) - max(parameters, columns.shape[1]) - 1
        if spare <= 0:
            continue
        left = target - columns @ np.linalg.lstsq(columns, target, rcond=None)[0]
        variance = max(float(np.mean(left**2)), np.finfo(float).tiny)
        penalty = 2 * parameters + 2 * parameters * (parameters + 1) / spare
        yield len(target) * float(np.log(variance)) + penalty, (p, q, seasonal_p, seasonal_q)


def _product_lags(plain: int, seasonal: int, season: int) -> list[int]:
    """Lags of the polynomial (1 + ... + B^plain)(1 + B^season), without lag 0."""
    return sorted({i + j * season for i in range(plain + 1) for j in range(seasonal + 1)} - {0})


def _lagged(values: Floats, lags: Iterable[int], begin: int) -> Floats:
    """One column a lag: ``values`` that many steps before each point from ``begin`` on."""
    columns = [values[begin - lag : len(values) - lag] for lag in lags]
    return np.column_stack(columns) if columns else np.empty((len(values) - begin, 0))
