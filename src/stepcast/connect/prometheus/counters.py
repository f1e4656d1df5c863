"""Detect counters in a query: they only rise until a restart, so it is their rate that can be forecast."""

from collections.abc import Sequence
from itertools import pairwise
from math import isnan

from stepcast.connect.errors import ConnectorError
from stepcast.connect.prometheus.client import Client
from stepcast.connect.prometheus.durations import text
from stepcast.connect.prometheus.expressions import selectors
from stepcast.connect.prometheus.series import Series

__all__ = ["bare_counters", "looks_like_a_counter"]

PARTS = ("_bucket", "_count", "_sum")  # series of a histogram or summary, which are counters too
ENOUGH = 20  # rises before values can count as those of a counter
MOST_FALLS = 0.01  # share of all steps: restarts


def bare_counters(client: Client, expression: str, step: int) -> list[str]:
    """A warning for each counter without a rate(), judged by the server's metadata or else by its name."""
    return [
        f"{selector.name} is a counter, which only rises: pull its rate instead, with "
        f"{_remedy(expression, selector.narrowed({}) if selector.matchers else selector.name, step)}"
        for selector in selectors(expression)
        if selector.name and not selector.counted and _is_counter(client, selector.name)
    ]


def looks_like_a_counter(series: Sequence[Series]) -> bool:
    """Whether every series keeps rising, apart from restarts: an untyped metric may be a counter."""
    steps = [
        later - earlier
        for one in series
        for earlier, later in pairwise(value for value in one.values if not isnan(value))
    ]
    rises, falls = sum(step > 0 for step in steps), sum(step < 0 for step in steps)
    return rises >= ENOUGH and falls <= MOST_FALLS * len(steps) and rises > len(steps) / 2


def _is_counter(client: Client, name: str) -> bool:
    kinds = _types(client, name)
    for part in PARTS:
        if not kinds and name.endswith(part):
            return bool(_types(client, name.removesuffix(part)) & {"histogram", "summary"})
    return "counter" in kinds if kinds - {"unknown", "untyped"} else name.endswith("_total")


def _types(client: Client, name: str) -> set[str]:
    try:
        known = client.data("/api/v1/metadata", {"metric": name})
    except ConnectorError:  # not every server has metadata
        return set()
    return {entry["type"] for entry in known.get(name, ())}


def _remedy(expression: str, selector: str, step: int) -> str:
    rate = f"rate({selector}[{text(2 * step)}])"
    return f"--query '{expression.replace(selector, rate)}'" if selector in expression else f"'{rate}'"
