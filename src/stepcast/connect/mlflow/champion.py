"""Which version of a registered predictor is the champion."""

from dataclasses import dataclass
from typing import Literal

__all__ = ["Decision", "Policy", "Standing", "decide"]

Policy = Literal["better", "always", "never"]


@dataclass(frozen=True)
class Standing:
    """How a version did in its backtest.

    ``outcomes``  what it was scored on: a hash of the series, the windows and the quantiles.
    ``scores``    by metric, smaller is better; ``naive`` those of repeating the last season.
    """

    version: str
    outcomes: str
    scores: dict[str, float]
    naive: dict[str, float]


@dataclass(frozen=True)
class Decision:
    """Whether the newcomer takes the champion's place, and why."""

    moves: bool
    why: str


def decide(policy: Policy, metric: str, newcomer: Standing, champion: Standing | None) -> Decision:
    """Compare on ``metric``, the one that the newcomer was trained for.

    On the same outcomes the scores themselves: the newcomer has to be better, a tie changes nothing. On other
    data a score says as much of the data as of the model, so each is divided by that of repeating the last
    season on its own: there the newcomer wins a tie as well, because it knows more recent data. Where nothing
    can be compared the champion stays.
    """
    if policy == "never":
        return Decision(False, "the policy is never to move it")
    if policy == "always":
        return Decision(True, "the policy is always to move it")
    if champion is None:
        return Decision(True, "there was none")
    if newcomer.outcomes == champion.outcomes:
        mine, other = newcomer.scores.get(metric), champion.scores.get(metric)
        what, ties = metric, False
    else:
        mine, other = _relative(newcomer, metric), _relative(champion, metric)
        what, ties = f"{metric} relative to seasonal naive, on other data,", True
    before = f"version {champion.version}"
    if mine is None or other is None:
        return Decision(False, f"{what} of this one or of {before} is unknown: {before} stays")
    compared = f"{what} is {mine:.6g}, that of {before} {other:.6g}"
    if mine < other or (ties and mine == other):
        return Decision(True, compared)
    return Decision(False, f"{compared}: {before} stays")


def _relative(one: Standing, metric: str) -> float | None:
    score, naive = one.scores.get(metric), one.naive.get(metric)
    return score / naive if score is not None and naive else None
