"""Seasonal drift: the shape or the length of the season has changed."""

import numpy as np

from stepcast.engine.arrays import Flags, Floats, Integers
from stepcast.engine.drift.deseasonalized import Season
from stepcast.engine.drift.discoveries import smallest_of
from stepcast.engine.drift.moderation import moderated
from stepcast.engine.drift.tails import student_tail
from stepcast.engine.drift.windows import ROUNDING, averages

__all__ = ["dominant_length", "season_p"]

FEWEST_GROUPS = 4  # groups of past cycles, each as long as the new ones
HARMONICS = 4  # the smooth part of a season: 1 to 4 waves per season


def season_p(season: Season) -> tuple[Floats, Floats, Integers]:
    """A statistic (items,) of how the season changed, its p-value, and which of two tests is stronger.

    0, a matched filter: the statistic is the share of the trained shape in the new cycles, 1 if unchanged, -1
    if reversed. It responds to any shift or growth of the season.

    1, a distance: the squared distance of the new cycles' mean from the trained shape, summed over the
    phases, divided by the usual one. It responds to any change of shape.

    Both compare the new cycles with groups of as many past cycles. Each runs twice: over all phases, and over
    the slow waves only, where a season that moves by some hours shows most.

    Source: North (1943), An Analysis of the Factors which Determine Signal/Noise Discrimination (the matched
    filter), with each past cycle left out of the shape that it is compared with.
    """
    items, count, length = season.cycles.shape
    whole = season.cycles_new.shape[1]
    groups = count // whole if whole else 0
    if groups < FEWEST_GROUPS:
        return np.full(items, np.nan), np.ones(items), np.zeros(items, np.int64)
    known: Flags = np.asarray(np.isfinite(season.cycles).any(axis=2))
    there = np.isfinite(season.cycles_new).any(axis=(1, 2))
    observed = np.isfinite(season.cycles).sum(axis=1, keepdims=True)
    shape = np.nansum(season.cycles, axis=1, keepdims=True) / np.maximum(observed, 1)
    # missing values are replaced by the usual shape
    cycles, new = (np.where(np.isfinite(one), one, shape) for one in (season.cycles, season.cycles_new))
    figures, chances = [], []
    views = [(cycles, new)]
    if length > 2 * HARMONICS + 1:
        views.append((_slow(cycles), _slow(new)))
    for test in (_matched, _distance):
        for past, now in views:
            figure, p = test(past, now, known)
            figures.append(figure)
            chances.append(np.where(there, p, 1.0))
    p, which = smallest_of(np.stack(chances, axis=1))
    return np.stack(figures, axis=1)[np.arange(items), which], p, which // len(views)


def _matched(past: Floats, new: Floats, known: Flags) -> tuple[Floats, Floats]:
    """The share of the trained shape in the new cycles, (items,), and its p-value.

    ``past`` (items, cycles, length), ``new`` (items, whole, length), ``known`` (items, cycles).
    """
    items, count, _ = past.shape
    whole = new.shape[1]
    number = np.maximum(known.sum(axis=1), 2)[:, None]
    total = past.sum(axis=1)
    others = (total[:, None] - past) / (number - 1)[..., None]
    shape = total / number
    with np.errstate(all="ignore"):
        old = (past * others).sum(axis=2) / np.sqrt((others**2).sum(axis=2))
        size = np.sqrt((shape**2).sum(axis=1))
        fresh = (new * shape[:, None]).sum(axis=2) / size[:, None]
    old = np.where(known, old, np.nan)
    groups = count // whole
    grouped = old[:, count - groups * whole :].reshape(items, groups, whole)
    with np.errstate(all="ignore"):
        means = np.where(np.isfinite(grouped).sum(axis=2) * 2 >= whole, _mean(grouped), np.nan)
        usual, now = averages(means), _mean(fresh[:, None])[:, 0]
        told = np.isfinite(means).sum(axis=1)
        own = np.nansum((means - usual[:, None]) ** 2, axis=1) / np.maximum(told - 1, 1)
        guess = _projected(np.where(known[..., None], past - shape[:, None], 0.0), shape)
        guesses = [guess / (known.sum(axis=1) - 1) / whole]
        if (part := whole // 3) > 1:
            few = old[:, : count // part * part].reshape(items, -1, part).mean(axis=2)
            guesses.append(averages((few - averages(few)[:, None]) ** 2) * part / whole)
        variance, freedom = moderated(own, np.maximum(told - 1.0, 0.0), *guesses)
        deviation = np.maximum(np.sqrt(variance * (1 + 1 / told)), ROUNDING)
        p = 2 * student_tail(np.abs(now - usual) / deviation, np.maximum(freedom, 1))
        share = now / usual
    usable = np.isfinite(p) & (told >= FEWEST_GROUPS)
    return np.where(usable & (usual > 0), share, np.nan), np.where(usable, p, 1.0)


def _projected(left: Floats, shape: Floats) -> Floats:
    """The expected sum over cycles of squared projections of ``left`` (items, cycles, length) on ``shape``.

    Computed from the spectrum of ``left``, over all phases: it varies less than the sum at a single phase.
    """
    with np.errstate(all="ignore"):
        weight = np.abs(np.fft.rfft(shape)[:, 1:]) ** 2
        power = (np.abs(np.fft.rfft(left, axis=2)[..., 1:]) ** 2).sum(axis=1) / left.shape[2]
        projected: Floats = (weight * power).sum(axis=1) / weight.sum(axis=1)
    return projected


def _distance(past: Floats, new: Floats, known: Flags) -> tuple[Floats, Floats]:
    """The distance of the new cycles' mean from the trained shape, divided by the usual one, and its p-value.

    ``past`` (items, cycles, length), ``new`` (items, whole, length), ``known`` (items, cycles).

    Logarithms of sums of squares are compared: they are skewed to the left, so the relevant tail is no longer
    than that of the t distribution.
    """
    items, count, length = past.shape
    whole = new.shape[1]
    groups = count // whole
    shape = past.mean(axis=1)
    apart = (past - shape[:, None])[:, count - groups * whole :].reshape(items, groups, whole, length)
    # the shape was fitted to the past, so past cycles are closer to it than new ones can be
    optimism = np.log((1 + whole / count) / max(1 - whole / count, 1 / count))
    with np.errstate(all="ignore"):
        power = np.where(
            known[:, count - groups * whole :].reshape(items, groups, whole).any(axis=2),
            (apart.mean(axis=2) ** 2).sum(axis=2),
            0.0,
        )
        usual = np.where(power > ROUNDING**2, np.log(power), np.nan)
        excess = np.log(((new.mean(axis=1) - shape) ** 2).sum(axis=1)) - averages(usual) - optimism
    told = np.isfinite(usual).sum(axis=1)
    own = averages((usual - averages(usual)[:, None]) ** 2) * told / np.maximum(told - 1, 1)
    variance, freedom = moderated(own, np.maximum(told - 1.0, 0), np.ones(items))
    with np.errstate(all="ignore"):
        p = student_tail(excess / np.sqrt(variance * (1 + 1 / told)), np.maximum(freedom, 1))
    usable = np.isfinite(p) & (told >= FEWEST_GROUPS)
    return np.where(usable, np.exp(excess), np.nan), np.where(usable, p, 1.0)


def _mean(values: Floats) -> Floats:
    """Mean along the last axis, ignoring nan."""
    mean: Floats = np.nansum(values, axis=-1) / np.isfinite(values).sum(axis=-1)
    return mean


def dominant_length(series: Floats, longest: int) -> Integers:
    """The season length (items,), from 2 to ``longest``, with the strongest autocorrelation; 0 for none.

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
    """Only the first harmonics along the last axis."""
    waves = np.fft.rfft(shapes, axis=-1)
    waves[..., 0] = 0
    waves[..., HARMONICS + 1 :] = 0
    slow: Floats = np.fft.irfft(waves, shapes.shape[-1], axis=-1)
    return slow
