"""The series of a range query, joined from its pages."""

import math
from array import array
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from stepcast.connect.errors import ConnectorError

__all__ = ["Series", "collect"]


@dataclass(frozen=True)
class Series:
    """Labels, and values at ascending times (seconds since 1970); nan where a value is not finite."""

    labels: Mapping[str, str]
    moments: "array[int]" = field(default_factory=lambda: array("q"))
    values: "array[float]" = field(default_factory=lambda: array("d"))


def collect(pages: Iterable[list[dict[str, Any]]]) -> tuple[list[Series], dict[str, int]]:
    """The series in order of their labels, and the number of ``NaN`` and ``Inf``: both become missing."""
    found: dict[tuple[tuple[str, str], ...], Series] = {}
    odd = {"NaN": 0, "Inf": 0}
    for page in pages:
        for entry in page:
            labels = entry["metric"]
            if "histograms" in entry:
                raise ConnectorError(
                    "the query returns native histograms: extract a number from them, as in "
                    "histogram_quantile(0.9, rate(x[5m]))"
                )
            series = found.setdefault(tuple(sorted(labels.items())), Series(labels))
            for moment, text in entry["values"]:
                value = float(text)
                if not math.isfinite(value):
                    odd["NaN" if math.isnan(value) else "Inf"] += 1
                    value = math.nan
                series.moments.append(round(float(moment)))
                series.values.append(value)
    return [found[key] for key in sorted(found)], odd
