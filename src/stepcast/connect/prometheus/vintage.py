"""The current forecast, with its value at any moment, its backtest accuracy and drift."""

import csv
import io
import math
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

from stepcast.connect.errors import ConnectorError
from stepcast.connect.prometheus.item_names import label_of, labels_of
from stepcast.pipeline import layout, objects, tables, vintages
from stepcast.pipeline.errors import ResourceNotFoundException
from stepcast.pipeline.vintages import Manifest

__all__ = ["OWN", "ForecastSeries", "Vintage", "current_vintage", "quantile_of"]

Figures = tuple[Mapping[str, str], Mapping[str, float]]  # labels, and figures by name
TRIES = 5
OWN = {"item_id", "quantile", "lead", "vintage"}  # the forecast's own labels


@dataclass(frozen=True)
class ForecastSeries:
    """One item of a forecast: its labels, and for each output (p10, mean...) one value per moment."""

    labels: Mapping[str, str]
    outputs: Mapping[str, list[float]]


@dataclass(frozen=True)
class Vintage:
    """A published forecast.

    ``moments``   that are forecast, in seconds since 1970 (UTC), ascending.
    ``accuracy``  rows of the leaderboard: labels, and metrics by name.
    ``drift``     labels of the items that had drifted before it was made, with the kind.
    """

    manifest: Manifest
    made: float
    moments: list[float]
    series: list[ForecastSeries]
    accuracy: list[Figures]
    drift: list[Mapping[str, str]]

    @property
    def period(self) -> float:
        """Seconds from one moment to the next."""
        if len(self.moments) < 2:
            return float(self.manifest.grid.seconds)
        return min(later - earlier for earlier, later in pairwise(self.moments))

    @property
    def outputs(self) -> list[str]:
        return list(self.series[0].outputs) if self.series else []

    def at(self, moment: float) -> tuple[int, float] | None:
        """The position of a moment: the index of the forecast moment before it, and the fraction to the next.

        None outside the forecast, which starts one period before its first moment, with that moment's value.
        """
        if not self.moments or not self.moments[0] - self.period <= moment <= self.moments[-1]:
            return None
        number = bisect_right(self.moments, moment) - 1
        if number < 0:
            return 0, 0.0
        if number == len(self.moments) - 1:
            return number, 0.0
        return number, (moment - self.moments[number]) / (self.moments[number + 1] - self.moments[number])


def value_at(values: list[float], number: int, share: float) -> float:
    """The value at a position between two moments, by linear interpolation.

    >>> value_at([10.0, 20.0], 0, 0.25)
    12.5
    """
    return values[number] if not share else values[number] + share * (values[number + 1] - values[number])


def quantile_of(output: str) -> str:
    """The value of the label ``quantile`` for an output.

    >>> quantile_of("p90"), quantile_of("p5"), quantile_of("mean")
    ('0.9', '0.05', 'mean')
    """
    return output if output == "mean" else f"{int(output[1:]) / 100:g}"


def current_vintage(s3: Any, bucket: str, known: Vintage | None = None) -> Vintage | None:
    """The newest published forecast; ``known`` if it is unchanged, None if there is none.

    Raises:
        ConnectorError: every attempt to read it failed because it was being replaced.
    """
    for _ in range(TRIES):
        manifest = vintages.current(s3, bucket)
        if manifest is None:
            return None
        if known is not None and known.manifest == manifest:
            return known
        try:
            vintage = _read(s3, bucket, manifest)
        except ResourceNotFoundException:  # a newer one is moving it to history/
            continue
        if len(vintage.series) == manifest.items:
            return vintage
    raise ConnectorError(f"the forecast in s3://{bucket}/ is being replaced: try again")


def _read(s3: Any, bucket: str, manifest: Manifest) -> Vintage:
    rows = list(_rows(s3, bucket, layout.raw(layout.FORECAST, manifest.vintage)))
    stamps = sorted({row["date"] for row in rows})
    outputs = [name for name, kind in manifest.wide_columns.items() if kind == "double"]
    keys = [name for name, kind in manifest.wide_columns.items() if kind == "string" and name != "date"]
    places = {stamp: number for number, stamp in enumerate(stamps)}
    found: dict[tuple[str, ...], dict[str, list[float]]] = {}
    for row in rows:
        values = found.setdefault(
            tuple(row[name] for name in keys), {name: [math.nan] * len(stamps) for name in outputs}
        )
        for name in outputs:
            values[name][places[row["date"]]] = float(row[name] or "nan")
    return Vintage(
        manifest=manifest,
        made=layout.moment_of(manifest.vintage).timestamp(),
        moments=[_seconds(stamp) for stamp in stamps],
        series=[ForecastSeries(_labels(keys, key), values) for key, values in sorted(found.items())],
        accuracy=_accuracy(s3, bucket, manifest, keys),
        drift=_drift(s3, bucket, manifest, keys),
    )


def _labels(names: list[str], key: tuple[str, ...]) -> dict[str, str]:
    """The item, the labels in its name, and the dimensions."""
    item, *dimensions = key
    apart = {label_of(name): text for name, text in zip(names[1:], dimensions, strict=True)}
    inner = {**labels_of(item), **apart}
    return {"item_id": item, **{f"{name}_1" if name in OWN else name: text for name, text in inner.items()}}


def _rows(s3: Any, bucket: str, prefix: str) -> Iterator[dict[str, str]]:
    for key in objects.keys(s3, bucket, prefix):
        yield from csv.DictReader(io.StringIO(objects.read(s3, bucket, key).decode("utf-8"), newline=""))


def _accuracy(s3: Any, bucket: str, manifest: Manifest, keys: list[str]) -> list[Figures]:
    figures = [name for name, kind in manifest.leaderboard_columns.items() if kind == "double"]
    found: list[Figures] = []
    for row in _records(s3, bucket, layout.accuracy(manifest.predictor, tables.LEADERBOARD)):
        series = tuple(str(row[name]) for name in keys)
        labels = {**(_labels(keys, series) if row["scope"] == "item" else {}), "scope": str(row["scope"])}
        found.append((labels, {name: row[name] for name in figures if row[name] is not None}))
    return found


def _drift(s3: Any, bucket: str, manifest: Manifest, keys: list[str]) -> list[Mapping[str, str]]:
    found: list[Mapping[str, str]] = []
    for row in _records(s3, bucket, layout.monitor(manifest.vintage, tables.DRIFT)):
        series = list(row.values())[: len(keys)]  # keys come first, renamed if the table has such a column
        if row["severity"] == "drift":
            item = {} if series[0] is None else _labels(keys, tuple(text or "" for text in series))
            found.append({**item, "kind": str(row["kind"])})
    return found


def _records(s3: Any, bucket: str, prefix: str) -> Iterator[dict[str, Any]]:
    """The rows of a folder of Parquet files."""
    import pyarrow.parquet

    for key in objects.keys(s3, bucket, prefix):
        body = io.BytesIO(objects.read(s3, bucket, key))
        yield from pyarrow.parquet.ParquetFile(body, pre_buffer=False).read(use_threads=False).to_pylist()


def _seconds(stamp: str) -> float:
    """Timestamps have no time zone and are read as UTC."""
    return datetime.strptime(stamp, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC).timestamp()
