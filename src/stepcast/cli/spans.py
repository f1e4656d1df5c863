"""Durations in options: ``30s``, ``5min``, ``250ms``."""

import re

import typer

__all__ = ["span"]

UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86_400.0}


def span(text: str, option: str) -> float:
    """Seconds; a usage error if ``text`` is not a duration.

    >>> span("1.5h", "--x"), span("250ms", "--x"), span("30", "--x")
    (5400.0, 0.25, 30.0)
    """
    found = re.fullmatch(r"(\d+(?:\.\d+)?)(ms|s|m|min|h|d)?", text)
    if found is None:
        raise typer.BadParameter(
            f"{text!r} is not a duration: write a number and ms, s, min, h or d, as in 30s",
            param_hint=option,
        )
    return float(found[1]) * UNITS[found[2] or "s"]
