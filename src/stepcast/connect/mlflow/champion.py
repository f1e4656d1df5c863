"""Decide which version of a registered predictor is the champion."""

from dataclasses import dataclass
from typing import Literal

__all__ = ["Decision", "Policy", "Standing", "decide"]

Policy = Literal["better", "always", "never"]


@dataclass(frozen=True)
class Standing:
    """The backtest results of a version.

    ``outcomes``  a hash of what it was scored on: the series, the windows and the quantiles.
    ``scores``    by metric, smaller is better; ``naive`` are those of seasonal naive.
    """

    version: str
    outcomes: str
    scores: dict[str, float]
    naive: dict[str, float]


@dataclass(frozen=True)
class Decision:
    """Whether the new version becomes the champion, and why."""

    moves: bool
    why: str


def decide(policy: Policy, metric: str, newcomer: Standing, champion: Standing | None) -> Decision:
    """Compare on ``metric``, the one that the new version was trained for.

    On the same outcomes, the scores themselves are compared, and the new version must be better: a tie
    changes nothing. On other data, a score reflects the data as much as the model, so each is divided by that
    of seasonal naive on its own data; then the new version also wins a tie, because it knows more recent
    data. If the two cannot be compared, the champion stays.
    """
    if policy == "never":
        return Decision(False, "the policy is never")
    if policy == "always":
        return Decision(True, "the policy is always")
    if champion is None:
        return Decision(True, "there was no champion")
    if newcomer.outcomes == champion.outcomes:
        mine, other = newcomer.scores.get(metric), champion.scores.get(metric)
        what, ties = metric, False
    else:
        mine, other = _relative(newcomer, metric), _relative(champion, metric)
        what, ties = f"{metric} relative to seasonal naive, on other data,", True
    before = f"version {champion.version}"
    if mine is None or other is None:
        return Decision(False, f"{what} of this version or of {before} is unknown: {before} stays")
    compared = f"{what} is {mine:.6g}, that of {before} {other:.6g}"
    if mine < other or (ties and mine == other):
        return Decision(True, compared)
    return Decision(False, f"{compared}: {before} stays")


def _relative(one: Standing, metric: str) -> float | None:
    score, naive = one.scores.get(metric), one.naive.get(metric)
    return score / naive if score is not None and naive else None
