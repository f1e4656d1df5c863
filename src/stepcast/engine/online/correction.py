"""A correction of the trees that the outcomes of all items teach, compiled.

Trees stay as training grew them, and what is wrong with them is wrong for many items alike. The correction of
a path is a linear function of its facts (see forest), one for its beginning and one for its end, in units of
its scale. Every record has the coefficients: those of the beginning (facts, then a constant), those of the
end, and the largest correction.
"""

import numpy as np

from stepcast.engine.auto.compiled import compiled
from stepcast.engine.online.layout import FIELDS, MEMBERS, PLAN
from stepcast.engine.online.members import FOREST

__all__ = ["accumulate", "correct", "corrected", "has_trees", "measure", "put", "solve"]

LENGTH, COUNT = PLAN.index("length"), PLAN.index("count")
GROWN, FORMER = PLAN.index("grown"), PLAN.index("former")
PATHS = 2  # that a record keeps: the latest, and the one before it
FURTHEST = 30.0  # scales from the trees' median: what lies further is no target of trees either
ROWS, ERRORS, LARGEST = 0, 1, 2  # of what ``accumulate`` counts
LEAST = 1e-9
# An item is corrected by at most so many times what its own residuals grow to by the end of the horizon: one
# of which the trees are right is left alone, whatever happens to the others.
OWN = 2.0


@compiled
def has_trees(plan):  # type: ignore[no-untyped-def]
    """Whether the last member is the trees."""
    return plan[COUNT] > 0 and plan[MEMBERS + (plan[COUNT] - 1) * FIELDS] == FOREST


@compiled
def correct(data, lay, facts, out):  # type: ignore[no-untyped-def]
    """The correction at the beginning and the end of a path with ``facts``, the scale last, into ``out``
    (2,)."""
    count, most = lay.facts + 1, data[lay.together + 2 * (lay.facts + 1)]
    for end in range(2):
        here = lay.together + end * count
        total = data[here + lay.facts]
        for fact in range(lay.facts):
            total += data[here + fact] * facts[fact]
        out[end] = min(max(total, -most), most) * facts[lay.facts] if np.isfinite(total) else 0.0


@compiled
def corrected(ends, step, horizon):  # type: ignore[no-untyped-def]
    """The correction at ``step`` (0: the first), from those at the beginning and the end of a path."""
    late = (step + 1) / horizon
    return (1 - late) * ends[0] + late * ends[1]


@compiled
def _path(plan, data, lay, which):  # type: ignore[no-untyped-def]
    """The begin of kept path number ``which``, that of its facts, and how many of its steps are known; none
    if its outcomes are no longer in the record."""
    grown, at = (plan[GROWN], lay.path) if which == 0 else (plan[FORMER], lay.former)
    facts = at + lay.horizon * lay.columns
    age = plan[LENGTH] - grown
    there = has_trees(plan) and grown >= 0 and age <= lay.ring and data[facts + lay.facts] > 0
    return at, facts, min(age, lay.horizon) if there else 0


@compiled
def _residual(plan, data, lay, which, at, scale, step):  # type: ignore[no-untyped-def]
    """How far the value at ``step`` of a path lies above the trees' median, in scales."""
    grown = plan[GROWN] if which == 0 else plan[FORMER]
    value = data[lay.rings + (grown + step) % lay.ring]
    return (value - data[at + step * lay.columns + lay.columns // 2]) / scale


@compiled
def measure(plans, rows, lay, items, sizes, losses):  # type: ignore[no-untyped-def]
    """Root mean squares of the facts of kept paths into ``sizes`` (facts + 1,), one for the constant; and
    into ``losses`` (2,) the sizes of residuals of corrected paths, without and with their correction.

    Returns the number of paths with an outcome.
    """
    sizes[:], losses[:] = 0.0, 0.0
    paths = 0
    for item in items:
        plan, data = plans[item], rows[item]
        for which in range(PATHS):
            at, facts, known = _path(plan, data, lay, which)
            if known == 0:
                continue
            paths += 1
            for fact in range(lay.facts):
                sizes[fact] += data[facts + fact] ** 2
            scale, ends = data[facts + lay.facts], data[facts + lay.facts + 1 : facts + lay.facts + 3]
            if ends[0] == 0 and ends[1] == 0:
                continue
            for step in range(known):
                residual = _residual(plan, data, lay, which, at, scale, step)
                if abs(residual) < FURTHEST:
                    losses[0] += abs(residual) / known
                    losses[1] += abs(residual - corrected(ends, step, lay.horizon) / scale) / known
    for fact in range(lay.facts):
        sizes[fact] = np.sqrt(sizes[fact] / max(paths, 1)) + LEAST
    sizes[lay.facts] = 1.0
    return paths


@compiled
def accumulate(  # type: ignore[no-untyped-def]
    plans, rows, lay, items, coefficients, typical, sizes, products, sums, counts
):
    """Add to the sums of a regression of residuals on facts over the known steps of kept paths.

    A residual counts less the further beyond ``typical`` it is from what ``coefficients`` (2 * (facts + 1),)
    give. Facts are divided by ``sizes`` (facts + 1,), and every path counts alike, however many of its steps
    are known. ``products`` (2 * (facts + 1), 2 * (facts + 1)) gets its lower triangle, ``sums`` the right
    side, ``counts`` (3,) the rows, the sum of errors, and the largest residual.
    """
    count = lay.facts + 1
    scaled = np.empty(count)
    for item in items:
        plan, data = plans[item], rows[item]
        for which in range(PATHS):
            at, facts, known = _path(plan, data, lay, which)
            if known == 0:
                continue
            ends, scale = np.zeros(2), data[facts + lay.facts]
            for fact in range(count):
                scaled[fact] = (data[facts + fact] if fact < lay.facts else 1.0) / sizes[fact]
                ends[0] += coefficients[fact] * scaled[fact]
                ends[1] += coefficients[count + fact] * scaled[fact]
            if not np.isfinite(ends.sum()):
                continue
            first = both = last = from_first = from_last = 0.0
            for step in range(known):
                residual = _residual(plan, data, lay, which, at, scale, step)
                if not abs(residual) < FURTHEST:
                    continue
                error = abs(residual - corrected(ends, step, lay.horizon))
                late = (step + 1) / lay.horizon
                early, weight = 1 - late, typical / max(error, typical) / known
                first += weight * early * early
                both += weight * early * late
                last += weight * late * late
                from_first += weight * early * residual
                from_last += weight * late * residual
                counts[ROWS] += 1
                counts[ERRORS] += error
                counts[LARGEST] = max(counts[LARGEST], abs(residual))
            for a in range(count):
                sums[a] += from_first * scaled[a]
                sums[count + a] += from_last * scaled[a]
                for b in range(count):
                    product = scaled[a] * scaled[b]
                    products[count + a, b] += both * product
                    if b <= a:
                        products[a, b] += first * product
                        products[count + a, count + b] += last * product


@compiled
def solve(products, sums):  # type: ignore[no-untyped-def]
    """Solve for positive definite ``products``, of which the lower triangle is read, by Cholesky; the result
    replaces ``sums``. By itself, since a library's last bits differ between machines."""
    size = len(sums)
    for i in range(size):
        for j in range(i + 1):
            rest = products[i, j]
            for k in range(j):
                rest -= products[i, k] * products[j, k]
            products[i, j] = np.sqrt(rest) if i == j else rest / products[j, j]
    for i in range(size):
        for k in range(i):
            sums[i] -= products[i, k] * sums[k]
        sums[i] /= products[i, i]
    for i in range(size - 1, -1, -1):
        for k in range(i + 1, size):
            sums[i] -= products[k, i] * sums[k]
        sums[i] /= products[i, i]


@compiled
def put(plans, rows, lay, items, learned):  # type: ignore[no-untyped-def]
    """Put ``learned`` (2 * (facts + 1) + 1,) into records, the last lowered to what the item's own residuals
    allow, and correct paths that have no outcome yet."""
    for item in items:
        plan, data = plans[item], rows[item]
        data[lay.together : lay.together + len(learned)] = learned
        seen = reach = 0.0
        for which in range(PATHS):
            at, facts, known = _path(plan, data, lay, which)
            for step in range(known):
                residual = _residual(plan, data, lay, which, at, data[facts + lay.facts], step)
                seen += abs(residual)
                reach += (step + 1) / lay.horizon
        if reach > 0:
            data[lay.together + len(learned) - 1] = min(OWN * seen / reach, learned[-1])
        if has_trees(plan) and plan[GROWN] == plan[LENGTH]:
            facts = lay.path + lay.horizon * lay.columns
            beside = facts + lay.facts + 1
            correct(data, lay, data[facts:beside], data[beside : beside + 2])
