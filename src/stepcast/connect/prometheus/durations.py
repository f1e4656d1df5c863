"""Durations and times as written for Prometheus: ``30d``, ``1h30m``, ``2026-01-31T12:00``."""

import re
from datetime import UTC, datetime

from stepcast.connect.errors import ConnectorError
from stepcast.engine.frequency import Frequency

__all__ = ["moment", "seconds", "step_seconds", "text"]

UNITS = {"w": 604_800, "d": 86_400, "h": 3_600, "m": 60, "min": 60, "s": 1}
SPAN = re.compile(r"(?:\d+(?:min|[wdhms]))+")
PART = re.compile(r"(\d+)(min|[wdhms])")


def seconds(span: str) -> int:
    """The length of a duration.

    >>> seconds("5min"), seconds("1h30m"), seconds("0s")
    (300, 5400, 0)
    """
    if not SPAN.fullmatch(span):
        raise ConnectorError(
            f"{span!r} is not a duration: write a number and one of w, d, h, m, s, as in 30d"
        )
    return sum(int(count) * UNITS[unit] for count, unit in PART.findall(span))


def step_seconds(step: str) -> int:
    """The length of a step: a duration, or a frequency of params.json with a fixed length (``5min``, ``H``).

    Only steps that can be forecast are accepted.

    >>> step_seconds("5min"), step_seconds("5m"), step_seconds("H"), step_seconds("1d")
    (300, 300, 3600, 86400)
    """
    if SPAN.fullmatch(step):
        length = seconds(step)
        for unit, of_one in (("D", 86_400), ("H", 3_600), ("min", 60)):
            if length and length % of_one == 0:
                step = f"{length // of_one}{unit}"
                break
        else:
            raise ConnectorError(f"--step {step}: a step must be whole minutes, hours or days")
    try:
        frequency = Frequency.parse(step)
    except ValueError as error:
        raise ConnectorError(f"--step: {error}") from None
    if frequency.unit not in ("min", "H", "D"):
        raise ConnectorError(
            f"--step {step}: Prometheus has no steps of weeks, months or years: pull by D, and set the "
            "ForecastFrequency of params.json to the longer one"
        )
    return frequency.seconds


def moment(given: str, now: float) -> float:
    """Seconds since 1970 of a duration before ``now``, or of an ISO 8601 time, which is UTC by default.

    >>> moment("1h", now=7200.0), moment("1970-01-01T01:00", now=0.0), moment("now", now=5.0)
    (3600.0, 3600.0, 5.0)
    """
    if given == "now":
        return now
    if SPAN.fullmatch(given):
        return now - seconds(given)
    try:
        when = datetime.fromisoformat(given)
    except ValueError:
        raise ConnectorError(
            f"{given!r} is not a time: write a duration before now, as in 30d, or a date and time, as in "
            "2026-01-31T12:00"
        ) from None
    return (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()


def text(length: int) -> str:
    """A number of seconds as a Prometheus duration.

    >>> text(600), text(5400), text(86400), text(0)
    ('10m', '90m', '1d', '0s')
    """
    for unit in ("d", "h", "m"):
        if length and length % UNITS[unit] == 0:
            return f"{length // UNITS[unit]}{unit}"
    return f"{length}s"
