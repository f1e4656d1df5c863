"""The current forecast as gauges in Prometheus's text exposition format.

FAMILIES lists the metric families, with a function for each. Forecasts for now and for fixed leads get the
time of the scrape: after a sample with a future timestamp, Prometheus would reject all others.

Source: https://prometheus.io/docs/instrumenting/exposition_formats/
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

from stepcast.connect.prometheus.durations import seconds
from stepcast.connect.prometheus.vintage import Vintage, quantile_of, value_at

__all__ = ["FAMILIES", "Family", "exposition", "series_count"]

Labelled = tuple[Mapping[str, str], float]
ESCAPES = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})


class Family(NamedTuple):
    """A metric family: its name, its help text, and its samples for a vintage, a moment and some leads."""

    name: str
    help: str
    values: Callable[[Vintage, float, Sequence[str]], Iterator[Labelled]]


def exposition(vintage: Vintage | None, now: float, leads: Sequence[str]) -> str:
    """All metrics; the forecast's series end after its last moment."""
    lines = []
    for family in FAMILIES:
        lines += [f"# HELP {family.name} {family.help}", f"# TYPE {family.name} gauge"]
        if vintage is not None:
            lines += [_line(family.name, *one) for one in family.values(vintage, now, leads)]
    return "\n".join(lines) + "\n"


def series_count(vintage: Vintage, leads: Sequence[str]) -> int:
    """How many series of the forecast the scraping server will store."""
    return len(vintage.series) * len(vintage.outputs) * len(leads)


def _forecast(vintage: Vintage, now: float, leads: Sequence[str]) -> Iterator[Labelled]:
    for lead in leads:
        if (place := vintage.at(now + seconds(lead))) is None:
            continue
        for one in vintage.series:
            for output, values in one.outputs.items():
                value = value_at(values, *place)
                if not math.isnan(value):
                    yield {**one.labels, "quantile": quantile_of(output), "lead": lead}, value


def _age(vintage: Vintage, now: float, leads: Sequence[str]) -> Iterator[Labelled]:
    del leads
    yield {}, now - vintage.made


def _end(vintage: Vintage, now: float, leads: Sequence[str]) -> Iterator[Labelled]:
    del now, leads
    yield {}, vintage.moments[-1]


def _info(vintage: Vintage, now: float, leads: Sequence[str]) -> Iterator[Labelled]:
    del now, leads
    told = vintage.manifest
    yield {"vintage": told.vintage, "predictor": told.predictor, "model": told.best}, 1.0


def _accuracy(vintage: Vintage, now: float, leads: Sequence[str]) -> Iterator[Labelled]:
    del now, leads
    for labels, figures in vintage.accuracy:
        for name, value in figures.items():
            yield {**labels, "metric": name}, value


def _drift(vintage: Vintage, now: float, leads: Sequence[str]) -> Iterator[Labelled]:
    del now, leads
    for labels in vintage.drift:
        yield labels, 1.0


FAMILIES = (
    Family("stepcast_forecast", "The forecast for the time after the lead, by quantile.", _forecast),
    Family("stepcast_forecast_age_seconds", "The age of the current forecast.", _age),
    Family("stepcast_forecast_end_timestamp_seconds", "The last timestamp of the current forecast.", _end),
    Family("stepcast_forecast_info", "The vintage, predictor and model of the current forecast.", _info),
    Family("stepcast_drift", "1 for each item and kind of drift found before the forecast was made.", _drift),
    Family("stepcast_accuracy", "Backtest accuracy, from the table leaderboard.", _accuracy),
)


def _line(name: str, labels: Mapping[str, str], value: float) -> str:
    r"""A sample.

    >>> _line("x", {"item_id": 'a"b'}, 1.5)
    'x{item_id="a\\"b"} 1.5'
    """
    inner = ",".join(f'{label}="{text.translate(ESCAPES)}"' for label, text in labels.items())
    return f"{name}{f'{{{inner}}}' if inner else ''} {value!r}"
