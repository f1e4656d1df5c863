"""The inner loops of intermittent demand, compiled: TSB and Croston, and distributions of counts.

The compiled code is cached on disk next to this file and never depends on the data.
"""

import numpy as np

from stepcast.engine.auto.compiled import compiled

__all__ = ["HURDLE", "NEGATIVE_BINOMIAL", "SEEN", "count_distribution", "croston", "tsb"]

SEEN, NEGATIVE_BINOMIAL, HURDLE = 0, 1, 2  # kinds of distribution, in this order
CYCLES_BELIEVED = 3.0  # a phase's own mean is averaged with so many seasons in which it is like the others
SIZES_BELIEVED = 2.0  # recent sizes are averaged with so many of all sizes
DISPERSION, DISPERSION_BELIEVED = 0.5, 4.0  # what is expected before anything is seen, as many values
SLOW = 0.99  # dispersion is a mean over about a hundred values


@compiled
def tsb(y, fitted, origins, chances, sizes, out):  # type: ignore[no-untyped-def]
    """Teunter, Syntetos and Babai (2011): smoothed probability of a demand times its smoothed size.

    Shapes:  ``y`` (time,); ``chances`` and ``sizes`` (candidates,) smoothing of the one and the other. The
    pair
             of least squared one-step errors on the first ``fitted`` points forecasts; ``out`` (origins,)
             gets the mean ahead. Gains start at one by the number seen: the first states are plain means.
    """
    lowest, best = np.inf, 0
    for c in range(len(chances)):
        loss = _tsb_pass(y, fitted, origins[:0], chances[c], sizes[c], out)
        if loss < lowest:
            lowest, best = loss, c
    _tsb_pass(y, origins[-1], origins, chances[best], sizes[best], out)
    return best


@compiled
def _tsb_pass(y, until, origins, chance_gain, size_gain, out):  # type: ignore[no-untyped-def]
    chance = size = loss = 0.0
    demands = done = 0
    for t in range(until + 1):
        while done < len(origins) and origins[done] == t:
            out[done] = chance * size
            done += 1
        if t == until:
            break
        if t > 0:
            loss += (y[t] - chance * size) ** 2
        happened = 1.0 if y[t] != 0 else 0.0
        chance += max(chance_gain, 1 / (t + 1)) * (happened - chance)
        if y[t] != 0:
            demands += 1
            size += max(size_gain, 1 / demands) * (y[t] - size)
    return loss


@compiled
def croston(y, fitted, origins, gains, out):  # type: ignore[no-untyped-def]
    """Croston (1972) as Syntetos and Boylan (2005) correct it: smoothed size by smoothed interval, less half
    the gain. As ``tsb`` otherwise; between demands nothing is learned."""
    lowest, best = np.inf, 0
    for c in range(len(gains)):
        loss = _croston_pass(y, fitted, origins[:0], gains[c], out)
        if loss < lowest:
            lowest, best = loss, c
    _croston_pass(y, origins[-1], origins, gains[best], out)
    return best


@compiled
def _croston_pass(y, until, origins, gain, out):  # type: ignore[no-untyped-def]
    size = interval = loss = 0.0
    since, demands, done = 0, 0, 0
    for t in range(until + 1):
        mean = (1 - gain / 2) * size / interval if demands else 0.0
        while done < len(origins) and origins[done] == t:
            out[done] = mean
            done += 1
        if t == until:
            break
        if t > 0:
            loss += (y[t] - mean) ** 2
        since += 1
        if y[t] != 0:
            demands += 1
            own = max(gain, 1 / demands)
            size += own * (y[t] - size)
            interval += own * (since - interval)
            since = 0
    return loss


@compiled
def _negative_binomial(mean, dispersion, shift, share, out):  # type: ignore[no-untyped-def]
    """Distribution function of counts with variance mean + dispersion * mean**2 into ``out`` (counts,); moved
    by ``shift``, it is the ``share``, the rest are zeros."""
    bins = len(out)
    for k in range(min(shift, bins)):
        out[k] = 1 - share
    total = 0.0
    if dispersion > 1e-6:
        r = 1 / dispersion
        stay = mean / (r + mean)
        mass = np.exp(r * np.log(r / (r + mean)))
        for k in range(bins - shift):
            total += mass
            out[k + shift] = 1 - share + share * total
            mass *= (k + r) / (k + 1) * stay
    else:
        mass = np.exp(-mean)
        for k in range(bins - shift):
            total += mass
            out[k + shift] = 1 - share + share * total
            mass *= mean / (k + 1)
    out[bins - 1] = 1.0


@compiled
def _index(total, cycles, phase, mean):  # type: ignore[no-untyped-def]
    """A phase's mean relative to that of all, shrunk toward one."""
    if mean <= 0:
        return 1.0
    return (total[phase] / mean + CYCLES_BELIEVED) / (cycles[phase] + CYCLES_BELIEVED)


@compiled
def count_distribution(  # type: ignore[no-untyped-def]
    y, season, memories, cycle_memories, origins, horizon, fading, power, out, weights
):
    """Distribution functions of the next counts, a weighted mean of many simple ones.

    Shapes:  ``y`` (time,) counts below the number of bins; ``memories`` and ``cycle_memories`` what is kept
    of a
             value from one to the next, of all or of the same phase; ``origins`` (origins,) rise, the last is
             the end, the others are scored. ``out`` (phases, bins) gets the distribution functions of the
             first steps ahead, phase by phase, ``weights`` (candidates,) what each counts: in the order of
             SEEN, NEGATIVE_BINOMIAL, HURDLE by ``memories``, then, where there is a season, NEGATIVE_BINOMIAL
             by ``memories`` and SEEN by ``cycle_memories``.
    """
    phases, bins = out.shape
    length, count, cycle_count = len(y), len(memories), len(cycle_memories)
    candidates = len(weights)
    alike = 3 * count  # candidates before this one have one distribution for all phases
    histogram = np.zeros((count, bins))
    by_phase = np.zeros((season, cycle_count, bins))
    weight, sum_one, sum_demand = np.zeros(count), np.zeros(count), np.zeros(count)
    sum_index = np.zeros(count)  # of seasonal indices, weighted like the counts
    excess, square = np.zeros((2, count)), np.zeros((2, count))  # of variance over the mean; of the mean
    phase_total, phase_count = np.zeros(season), np.zeros(season)
    total = demands = size_square = 0.0
    losses = np.zeros(candidates)
    table = np.empty((candidates, season, bins))
    squares, rest = np.empty(bins + 1), np.empty(bins + 1)
    done = 0
    scored = 0.0
    for t in range(length + 1):
        while done < len(origins) and origins[done] == t:
            last = t == length
            reach = horizon if last else min(horizon, length - t)
            ahead = min(season, reach)
            mean = total / t
            mean_size = total / demands if demands > 0 else 1.0
            size_excess = size_square / demands - mean_size**2 - (mean_size - 1) if demands > 1 else 0.0
            extra = max(mean_size - 1, 0.05)
            size_dispersion = (max(size_excess, 0.0) * demands / extra**2 + DISPERSION * SIZES_BELIEVED) / (
                demands + SIZES_BELIEVED
            )
            for c in range(count):
                running = 0.0
                for k in range(bins):
                    running += histogram[c, k]
                    table[c, 0, k] = running / weight[c]
                own = sum_one[c] / weight[c]
                dispersion = _dispersion(excess[0, c], square[0, c], mean)
                _negative_binomial(own, dispersion, 0, 1.0, table[count + c, 0])
                size = (sum_one[c] + SIZES_BELIEVED * mean_size) / (sum_demand[c] + SIZES_BELIEVED)
                share = min(max(sum_demand[c] / weight[c], 0.0), 1.0)
                _negative_binomial(max(size - 1, 0.0), size_dispersion, 1, share, table[2 * count + c, 0])
                if season > 1:
                    dispersion = _dispersion(excess[1, c], square[1, c], mean)
                    for s in range(ahead):
                        index = _index(phase_total, phase_count, (t + s) % season, mean)
                        _negative_binomial(
                            sum_one[c] / max(sum_index[c], 1e-9) * index,
                            dispersion,
                            0,
                            1.0,
                            table[3 * count + c, s],
                        )
            if season > 1:
                for c in range(cycle_count):
                    for s in range(ahead):
                        phase = (t + s) % season
                        running = 0.0
                        held = by_phase[phase, c].sum()
                        for k in range(bins):
                            running += by_phase[phase, c, k]
                            all_alike = table[count - 1, 0, k]
                            table[4 * count + c, s, k] = (running + CYCLES_BELIEVED * all_alike) / (
                                held + CYCLES_BELIEVED
                            )
            if last:
                _weigh(losses, scored, power, weights)
                out[:] = 0.0
                for c in range(candidates):
                    for s in range(phases):
                        for k in range(bins):
                            out[s, k] += weights[c] * table[c, s % ahead if c >= alike else 0, k]
            else:
                scored *= fading
                for c in range(candidates):
                    losses[c] *= fading
                    for s in range(ahead):
                        # of a step function at y against F: the squares of F below y, of 1 - F from y on
                        if s == 0 or c >= alike:
                            squares[0] = 0.0
                            for k in range(bins):
                                squares[k + 1] = squares[k] + table[c, s, k] ** 2
                                rest[k + 1] = (1 - table[c, s, k]) ** 2
                            for k in range(bins - 1, 0, -1):
                                rest[k] += rest[k + 1]
                        for j in range(s, reach, season):
                            losses[c] += squares[y[t + j]] + rest[y[t + j] + 1]
                scored += reach
            done += 1
        if t == length:
            break
        value = y[t]
        phase = t % season
        mean = total / t if t > 0 else 0.0
        index = _index(phase_total, phase_count, phase, mean)
        for c in range(count):
            keep = memories[c]
            if t > 0:
                expected = sum_one[c] / weight[c]
                excess[0, c] = SLOW * excess[0, c] + (value - expected) ** 2 - expected
                square[0, c] = SLOW * square[0, c] + expected**2
                expected = sum_one[c] / max(sum_index[c], 1e-9) * index
                excess[1, c] = SLOW * excess[1, c] + (value - expected) ** 2 - expected
                square[1, c] = SLOW * square[1, c] + expected**2
            for k in range(bins):
                histogram[c, k] *= keep
            histogram[c, value] += 1
            weight[c] = keep * weight[c] + 1
            sum_one[c] = keep * sum_one[c] + value
            sum_demand[c] = keep * sum_demand[c] + (1 if value > 0 else 0)
            sum_index[c] = keep * sum_index[c] + index
        if season > 1:
            for c in range(cycle_count):
                for k in range(bins):
                    by_phase[phase, c, k] *= cycle_memories[c]
                by_phase[phase, c, value] += 1
        phase_total[phase] += value
        phase_count[phase] += 1
        total += value
        if value > 0:
            demands += 1
            size_square += float(value) * value


@compiled
def _dispersion(excess, square, mean):  # type: ignore[no-untyped-def]
    """Variance beyond the mean relative to the mean squared, with what is expected of it mixed in."""
    believed = DISPERSION_BELIEVED * mean * mean
    if square + believed <= 0:
        return DISPERSION
    return max(excess + DISPERSION * believed, 0.0) / (square + believed)


@compiled
def _weigh(losses, scored, power, weights):  # type: ignore[no-untyped-def]
    """Weights that fall with the loss relative to the lowest, faster the more has been scored."""
    lowest = losses.min()
    for c in range(len(losses)):
        worse = losses[c] / lowest - 1 if lowest > 0 else (1.0 if losses[c] > 0 else 0.0)
        weights[c] = np.exp(-power * np.sqrt(scored) * worse)
    weights /= weights.sum()
