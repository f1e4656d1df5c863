"""The scrape interval of the series that an expression reads, estimated from some of their samples."""

from itertools import pairwise, product
from statistics import median

from stepcast.connect.errors import ConnectorError
from stepcast.connect.prometheus.client import Client, Refused
from stepcast.connect.prometheus.durations import text
from stepcast.connect.prometheus.expressions import Selector, selectors

__all__ = ["check_step", "interval"]

WINDOWS = (5, 50)  # their lengths in steps; at the end, in the middle and at the start
TOLERANCE = 1.05  # scrapes are not exactly on time


def check_step(client: Client, expression: str, start: int, end: int, step: int) -> float | None:
    """The longest interval between samples of a metric, in seconds; None if it cannot be determined.

    Raises:
        ConnectorError: it is longer than ``step``. Between two samples, the server repeats the older one for
            five minutes, which is not an observation.
    """
    longest = None
    for selector in selectors(expression):
        taken = interval(client, selector, start, end, step)
        if taken is None:
            continue
        longest = max(taken, longest or 0)
        if taken > step * TOLERANCE:
            raise ConnectorError(
                f"the samples of {selector.narrowed({})} are {text(round(taken))} apart, and --step is "
                f"{text(step)}: values between them would be repetitions. Use --step "
                f"{text(_whole_minutes(taken))} or more"
            )
    return longest


def interval(client: Client, selector: Selector, start: int, end: int, step: int) -> float | None:
    """Seconds between the samples of the densest series; None if there are too few of them."""
    for span, moment in product(
        [steps * step for steps in WINDOWS], (end, (start + end) // 2, min(start + WINDOWS[0] * step, end))
    ):
        try:
            counted = f"topk(1, count_over_time({selector.narrowed({})}[{span}s]))"
            densest = client.instant(counted, moment)
            if not densest:
                continue
            samples = client.instant(f"{selector.narrowed(densest[0]['metric'])}[{span}s]", moment)
        except Refused:  # an expression that was not parsed, or more samples than the server allows
            return None
        moments = [float(when) for when, _ in samples[0]["values"]] if samples else []
        if len(moments) > 2:
            return median(later - earlier for earlier, later in pairwise(moments))
    return None


def _whole_minutes(length: float) -> int:
    return max(60, -(-round(length) // 60) * 60)
