"""What held-back windows correct: how sources of quantiles are blended, and how wide they must be."""

from dataclasses import dataclass
from itertools import product

import numpy as np

from stepcast.engine.arrays import Floats
from stepcast.engine.auto.ensemble.weights import BUCKETS, NEAR, buckets_of, share_of_bucket
from stepcast.engine.auto.series.quantile_grid import MEDIAN, OUTERMOST, PROBABILITIES
from stepcast.engine.auto.series.shrinkage import trust_in_factor
from stepcast.engine.losses import pinball_loss

__all__ = ["PAST_VALUES", "SOURCES", "TREES", "Calibration", "calibrate"]


# What quantiles are blended from, in this order and by the names that explanations use; trees may be missing.
_, PAST_VALUES, TREES = SOURCES = ("errors of the members", "past values", "trees")
HANDICAP = 0.02  # by which other sources must be better than the members' errors
SHARES = 4  # blends are tried in steps of a quarter
ALIKE = 1.1  # of the loss of the best blend: those below are about as good
TINY = 1e-12  # a loss that is as good as none
FACTORS = np.exp(np.linspace(np.log(0.4), np.log(2.5), 25))
# And a little wider: what comes next differs from what was held back more than that differs among itself.
WIDER = 1.03


@dataclass(frozen=True)
class Calibration:
    """``shares`` (BUCKETS, sources) by SOURCES, rows of sum one; ``factors`` (BUCKETS, PROBABILITIES) around
    the median."""

    shares: Floats
    factors: Floats

    def share(self, source: str) -> float:
        """The share of one of SOURCES, mean over the buckets; zero where it is not there."""
        return float(self.shares_of(source).mean())

    def shares_of(self, source: str) -> Floats:
        """The share of one of SOURCES in each bucket (BUCKETS,); zeros where it is not there."""
        place = SOURCES.index(source)
        return self.shares[:, place] if place < self.shares.shape[1] else np.zeros(BUCKETS)

    def apply(self, sources: Floats) -> Floats:
        """Blend quantiles (sources, ..., horizon, PROBABILITIES) and widen them: the first axis goes."""
        bucket = buckets_of(sources.shape[-2])
        blended = _blended(self.shares[bucket], sources)
        middle = blended[..., MEDIAN : MEDIAN + 1]
        widened = middle + (blended - middle) * self.factors[bucket]
        return np.sort(widened, axis=-1)

    def and_earlier(self, other: "Calibration") -> "Calibration":
        """The mean of two made at different times; this one alone where their sources differ."""
        if other.shares.shape != self.shares.shape:
            return self
        return Calibration((self.shares + other.shares) / 2, np.sqrt(self.factors * other.factors))

    @classmethod
    def neutral(cls, sources: int) -> "Calibration":
        """The first source as it is."""
        shares = np.zeros((BUCKETS, sources))
        shares[:, 0] = 1.0
        return cls(shares, np.ones((BUCKETS, len(PROBABILITIES))))


def calibrate(sources: Floats, actual: Floats, scale: Floats) -> Calibration:
    """Choose shares and factors on held-back windows.

    Shapes:  ``sources`` (sources, windows, horizon, PROBABILITIES); ``actual`` (windows, horizon), nan
             unknown; ``scale`` (windows,) the size of an error, so that every window counts alike.
    """
    count = len(sources)
    if actual.size == 0 or not np.isfinite(actual).any():
        return Calibration.neutral(count)
    shares = np.array([s for s in product(range(SHARES + 1), repeat=count) if sum(s) == SHARES]) / SHARES
    by_step = np.stack(
        [_pinball(np.tensordot(s, sources, axes=1), actual, scale).mean(axis=1) for s in shares]
    )
    horizon = actual.shape[1]
    bucket, own = buckets_of(horizon), share_of_bucket(horizon) if horizon > BUCKETS * NEAR else 0.0
    overall = by_step.mean(axis=1) * (1 + HANDICAP * (1 - shares[:, 0]))
    chosen = np.empty((BUCKETS, count))
    for number in range(BUCKETS):
        losses = overall
        if own:
            inside = by_step[:, bucket == number].mean(axis=1) * (1 + HANDICAP * (1 - shares[:, 0]))
            losses = own * _beside_best(inside) + (1 - own) * _beside_best(overall)
        # the best few together are safer than the best alone, if they are about as good
        order = np.argsort(losses, kind="stable")[: max(1, len(losses) // 5)]
        order = order[losses[order] <= ALIKE * losses[order[0]]]
        chosen[number] = shares[order].mean(axis=0)
    return Calibration(chosen, _factors(_blended(chosen[bucket], sources), actual, scale))


def _beside_best(losses: Floats) -> Floats:
    return losses / max(float(losses.min()), TINY)


def _blended(shares: Floats, sources: Floats) -> Floats:
    """One of ``sources`` (sources, ..., horizon, PROBABILITIES) with ``shares`` (horizon, sources)."""
    blended: Floats = np.einsum("hs,s...hp->...hp", shares, sources)
    return blended


def _factors(blended: Floats, actual: Floats, scale: Floats) -> Floats:
    """By bucket and pair of probabilities around the median: the factor that covers what it promises.

    How far an outcome lies from the median, relative to how far the quantile on its side does: the share of
    outcomes that a pair promises to hold lies below the pair's factor. It is shrunk to one.
    """
    windows, horizon = actual.shape
    bucket = buckets_of(horizon)
    result = np.ones((BUCKETS, len(PROBABILITIES)))
    middle = blended[..., MEDIAN]
    trust = trust_in_factor(windows)
    known = np.isfinite(actual)
    around = blended - middle[..., None]
    losses = np.stack([_pinball(middle[..., None] + f * around, actual, scale) for f in FACTORS])
    for place in range(MEDIAN):
        above, below = blended[..., -1 - place] - middle, middle - blended[..., place]
        reach = np.where(actual >= middle, above, below)
        ratio = np.abs(actual - middle) / np.maximum(reach, 1e-6 * scale[:, None])
        level = 1 - 2 * PROBABILITIES[place]
        by_step = losses[..., place] + losses[..., -1 - place]
        overall = _factor(ratio[known], level)
        for number in np.unique(bucket):  # a horizon of one or two steps has no middle or far ones
            inside = known & (bucket == number)
            own = _factor(ratio[inside], level) if inside.any() else overall
            cheapest = (by_step[:, bucket == number].mean(axis=1) + by_step.mean(axis=1)).argmin()
            covering = np.sqrt(own * overall)
            result[number, [place, -1 - place]] = WIDER * np.sqrt(covering * FACTORS[cheapest]) ** trust
    result[:, :OUTERMOST] = result[:, [OUTERMOST]]
    result[:, -OUTERMOST:] = result[:, [OUTERMOST]]
    return result


def _factor(ratio: Floats, level: float) -> float:
    return float(np.clip(np.quantile(ratio, level), FACTORS[0], FACTORS[-1]))


def _pinball(quantiles: Floats, actual: Floats, scale: Floats) -> Floats:
    """Mean loss relative to the scale over the windows: (horizon, PROBABILITIES)."""
    loss = pinball_loss((actual[..., None] - quantiles) / scale[:, None, None], PROBABILITIES)
    known = np.isfinite(loss)
    result: Floats = np.where(known, loss, 0.0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    return result
