"""What a chart shows of one series."""

from dataclasses import dataclass

from stepcast.engine.arrays import Floats, Moments

__all__ = ["Charted", "Tested"]


@dataclass(frozen=True)
class Tested:
    """What was forecast for a window of the backtest, from what was known before it."""

    moments: Moments
    outputs: dict[str, Floats]


@dataclass(frozen=True)
class Charted:
    """One series to draw.

    ``history``  one value for each period before the forecast, nan if not observed.
    ``outputs``  the forecast by output, as named in SQL: p10, p50, mean; one value for each of ``ahead``.
    """

    title: str
    target: str
    frequency: str
    past: Moments
    history: Floats
    ahead: Moments
    outputs: dict[str, Floats]
    tested: tuple[Tested, ...] = ()
