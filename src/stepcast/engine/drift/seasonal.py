"""Seasonal drift: the shape of the season, or its length, is another one than it was."""

import numpy as np
from scipy import stats

from stepcast.engine.arrays import Floats, Integers
from stepcast.engine.drift.deseasonalized import Season
from stepcast.engine.drift.discoveries import smallest_of
from stepcast.engine.drift.moderation import moderated
from stepcast.engine.drift.windows import averages

__all__ = ["dominant_length", "season_p"]

FEWEST_GROUPS = 4  # stretches of the past, each as long as the new one
HARMONICS = 4  # the smooth part of a season: waves that fit 1 to 4 times into it


def season_p(season: Season) -> tuple[Floats, Floats]:
    """How far the new cycles' shape is from the trained one, (items,), as a ratio, and its p-value.

    The new cycles' mean less the trained shape is squared and added up over the phases, and compared with
    what as many cycles of the past gave. Once over all phases, once over the slow waves among them alone, in
    which a season that moves by some hours shows most. Cycles are compared phase by phase: a season that
    only comes again is what it was.

    Logarithms of such sums are compared: those of sums of squares lean to the left, so the tail that matters
    is no longer than the t distribution's.
    """
    items, count, length = season.cycles.shape
    whole = season.cycles_new.shape[1]
    groups = count // whole if whole else 0
    if groups < FEWEST_GROUPS:
        return np.full(items, np.nan), np.ones(items)
    apart = np.where(np.isfinite(season.cycles), season.cycles - season.shape[:, None], 0.0)
    apart = apart[:, count - groups * whole :].reshape(items, groups, whole, length).mean(axis=2)
    there = np.isfinite(season.cycles_new)
    new = np.where(there, season.cycles_new - season.shape[:, None], 0.0).mean(axis=1)
    # the shape was fitted to the past, so the past is closer to it than anything new can be
    optimism = np.log((1 + whole / count) / max(1 - whole / count, 1 / count))
    ratios, chances = [], []
    for past_power, new_power in (
        ((apart**2).sum(axis=2), (new**2).sum(axis=1)),
        (_slow(apart), _slow(new)),
    ):
        with np.errstate(all="ignore"):
            past = np.where(past_power > 0, np.log(past_power), np.nan)
            excess = np.log(new_power) - averages(past) - optimism
        told = np.isfinite(past).sum(axis=1)
        apart_squared = (past - averages(past)[:, None]) ** 2
        own = averages(apart_squared) * told / np.maximum(told - 1, 1)
        variance, freedom = moderated(own, np.maximum(told - 1.0, 0), np.ones(items))
        with np.errstate(all="ignore"):
            p = stats.t.sf(excess / np.sqrt(variance * (1 + 1 / told)), np.maximum(freedom, 1))
        usable = np.isfinite(excess) & (told >= FEWEST_GROUPS) & there.any(axis=(1, 2))
        ratios.append(np.where(usable, np.exp(excess), np.nan))
        chances.append(np.where(usable & np.isfinite(p), p, 1.0))
    p, which = smallest_of(np.stack(chances, axis=1))
    return np.stack(ratios, axis=1)[np.arange(items), which], p


def dominant_length(series: Floats, longest: int) -> Integers:
    """The season length (items,) after which the series is most like itself, from 2 to ``longest``; 0: none.

    Source: the highest local peak of the autocorrelation function that is above what chance gives
    (Bartlett, 1946: 2 / sqrt(n)); the shortest of equally high ones.
    """
    items, time = series.shape
    longest = min(longest, time // 2)
    found = np.zeros(items, np.int64)
    if longest < 2:
        return found
    known = np.isfinite(series)
    with np.errstate(all="ignore"):
        mean = np.nansum(series, axis=1, keepdims=True) / np.maximum(known.sum(axis=1, keepdims=True), 1)
    centred = np.where(known, series - mean, 0.0)
    size = 1 << (2 * time - 1).bit_length()
    spectrum = np.abs(np.fft.rfft(centred, size)) ** 2
    auto = np.fft.irfft(spectrum, size)[:, : longest + 2]
    with np.errstate(all="ignore"):
        auto = np.where(auto[:, :1] > 0, auto / auto[:, :1] * time / (time - np.arange(longest + 2)), 0.0)
    inner = auto[:, 2 : longest + 1]
    peaks = (inner > auto[:, 1:longest]) & (inner >= auto[:, 3 : longest + 2])
    heights = np.where(peaks & (inner > 2 / np.sqrt(time)), inner, 0.0)
    best = heights.max(axis=1, keepdims=True) if heights.shape[1] else np.zeros((items, 1))
    first = (heights >= 0.9 * best).argmax(axis=1) + 2
    return np.where(best[:, 0] > 0, first, 0)


def _slow(shapes: Floats) -> Floats:
    """The power of the first harmonics along the last axis."""
    waves = np.fft.rfft(shapes, axis=-1)[..., 1 : HARMONICS + 1]
    power: Floats = (np.abs(waves) ** 2).sum(axis=-1)
    return power
