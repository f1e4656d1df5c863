"""How much is tried: everything, or what a budget of CPU seconds leaves room for.

The cost is estimated, not measured: the same input and budget give the same forecast on every machine.
"""

from dataclasses import dataclass, replace

from stepcast.engine.task import Task

__all__ = ["EVERYTHING", "FEW", "Budget", "budget_of", "origin_count", "seconds_left"]

# Seconds, on a core of 2024 and rounded up: a series, one of its points (the latest of them), a step from a
# past origin. Found by benchmarks/speed.py and benchmarks/accuracy.py.
SERIES, POINT, STEP = 0.003, 8e-6, 2e-6
POINTS = 4_000  # of a series that cost
QUICK = (0.75, 0.25, 0.5)  # of these where few members are run
TREES, TREES_SERIES = 5.0, 0.0015
ALWAYS = 0.2  # what is learned of the whole, whatever its size
FEW = 10  # series; fewer teach one another little: no trees are grown
SAMPLE = 300  # series examined twice before all are
MOST_STEPS = 20_000  # of one series, over all its origins
FEW_ORIGINS = 12


@dataclass(frozen=True)
class Budget:
    """``origins`` a series is forecast from at most, 0 as many as suit it; whether ``trees`` are grown;
    ``quick`` with few members only. ``omitted`` is what is missing and why, "" if nothing is."""

    origins: int = 0
    trees: bool = True
    quick: bool = False
    omitted: str = ""


EVERYTHING = Budget()


def budget_of(task: Task, series: int, points: int) -> Budget:
    """The most that the task's budget leaves room for; the least there is where it leaves room for nothing.

    ``series`` and ``points`` are those of all that is to be forecast.

    >>> budget_of(Task(horizon=12), series=10**6, points=10**8).omitted
    ''
    >>> budget_of(Task(horizon=12, budget_seconds=60), series=1000, points=100_000).trees
    True
    >>> budget_of(Task(horizon=12, budget_seconds=12), series=1000, points=100_000).trees
    False
    """
    seconds = task.budget_seconds
    if seconds is None:
        return EVERYTHING
    prefix = f"omitted for the budget of {seconds:g} s: "
    budgets = [
        EVERYTHING,
        Budget(trees=False, omitted=prefix + "trees"),
        Budget(trees=False, origins=FEW_ORIGINS, omitted=prefix + "trees, most past origins"),
        Budget(
            trees=False,
            origins=FEW_ORIGINS,
            quick=True,
            omitted=prefix + "trees, most past origins, most members",
        ),
    ]
    for budget in budgets:
        if _seconds(budget, task, series, points) <= seconds:
            return budget
    least = _seconds(budgets[-1], task, series, points)
    return replace(
        budgets[-1], omitted=f"{budgets[-1].omitted}; the estimated time is still about {least:.2g} s"
    )


def seconds_left(task: Task, series: int, points: int) -> float | None:
    """What everything, and all that is shared once more, leave of the budget; None where there is none."""
    if task.budget_seconds is None:
        return None
    once_more = _seconds(EVERYTHING, replace(task, windows=1), min(series, SAMPLE), points)
    return task.budget_seconds - _seconds(EVERYTHING, task, series, points) - once_more


def origin_count(series: int, horizon: int) -> int:
    """Fewer series, more origins each, as far as a long horizon allows."""
    wanted = 40 if series > 50 else 80 if series > 5 else 160
    return min(wanted, max(40, MOST_STEPS // horizon))


def _seconds(budget: Budget, task: Task, series: int, points: int) -> float:
    """CPU seconds that training is estimated to take."""
    seen = min(points, series * POINTS)
    steps = (budget.origins or origin_count(series, task.horizon)) * task.horizon
    shares = QUICK if budget.quick else (1.0, 1.0, 1.0)
    costs = (series * SERIES, seen * POINT, series * steps * STEP)
    one_window = sum(share * cost for share, cost in zip(shares, costs, strict=True))
    # the latest window comes with the forecast; what all share is learned twice from a part of the series
    examined = task.windows + 2 * min(1.0, SAMPLE / max(series, 1))
    members = one_window * examined
    grown = budget.trees and series >= FEW
    return ALWAYS + members + (TREES + TREES_SERIES * series if grown else 0.0)
