"""Params of the forecaster and its model, with the names that Spark's own stages have."""

from typing import Any

from pyspark.ml.param import Param, Params, TypeConverters

from stepcast.api.document import Columns

__all__ = ["ForecasterParams", "SeriesColumns"]

KEEP, SKIP = "keep", "skip"


def _param(name: str, doc: str, convert: Any) -> Any:
    return Param(Params._dummy(), name, doc, typeConverter=convert)


def _whole(value: Any) -> int:
    if isinstance(value, bool) or int(value) != value:
        raise TypeError(f"{value!r} is not a whole number")
    return int(value)


def _texts(value: Any) -> dict[str, str]:
    if not isinstance(value, dict):
        raise TypeError(f"{value!r} is not a dict")
    return {str(name): str(one).lower() if isinstance(one, bool) else str(one) for name, one in value.items()}


def _two_bounds(value: Any) -> list[float | str | None]:
    if isinstance(value, str) or len(value) != 2:
        raise TypeError(f"{value!r} is not two bounds: write [minimum, maximum], such as [0, None]")
    return [one if one is None or isinstance(one, str) else float(one) for one in value]


def _outside(value: Any) -> str:
    if value not in (KEEP, SKIP):
        raise ValueError(f"handleInvalid is {value!r}: write {KEEP!r} or {SKIP!r}")
    return str(value)


class SeriesColumns(Params):
    """Which columns tell series, time and value."""

    itemCol = _param("itemCol", "the item; empty if there is one series only", TypeConverters.toString)
    dimensionCols = _param(
        "dimensionCols", "columns that identify a series together with the item", TypeConverters.toListString
    )
    timestampCol = _param(
        "timestampCol",
        "date, timestamp (local time of the session), timestamp_ntz, or text such as 2026-01-31 13:00:00",
        TypeConverters.toString,
    )
    targetCol = _param("targetCol", "the number to forecast; null where unknown", TypeConverters.toString)
    handleInvalid = _param(
        "handleInvalid",
        "rows that are not forecast: 'keep' them with null, or 'skip' them",
        _outside,
    )

    def columns(self) -> Columns:
        item = self.getOrDefault(self.itemCol)
        items = (item, *self.getOrDefault(self.dimensionCols)) if item else ()
        timestamp = self.getOrDefault(self.timestampCol)
        return Columns(items, timestamp, self.getOrDefault(self.targetCol))

    def _set_columns(self) -> None:
        self._setDefault(
            itemCol="item_id",
            dimensionCols=[],
            timestampCol="timestamp",
            targetCol="target_value",
            handleInvalid=KEEP,
        )


class ForecasterParams(SeriesColumns):
    """Everything that ``fit`` depends on, beside the data."""

    horizon = _param("horizon", "periods to forecast, 1 to 500", _whole)
    frequency = _param(
        "frequency", "'15min', 'H', 'D', 'W', 'M', 'Y' or a multiple of these", TypeConverters.toString
    )
    quantiles = _param("quantiles", "from .01 to .99, in hundredths", TypeConverters.toListFloat)
    mean = _param("mean", "whether the mean is forecast, too", TypeConverters.toBoolean)
    algorithm = _param(
        "algorithm", "by name, such as 'ETS'; empty is the AutoPredictor", TypeConverters.toString
    )
    network = _param(
        "network", "that may join the AutoPredictor, such as 'CNN-QR'; empty is none", TypeConverters.toString
    )
    parameters = _param(
        "parameters", "of the algorithm or network, as docs/how-to/params.md lists them", _texts
    )
    holidays = _param(
        "holidays", "codes of countries whose public holidays may explain", TypeConverters.toListString
    )
    fill = _param(
        "fill",
        "what a period without a row holds: 'nan' (unknown), 'zero', 'mean', 'median', 'min' or 'max'",
        TypeConverters.toString,
    )
    aggregation = _param(
        "aggregation",
        "of several rows in one period: 'sum', 'avg', 'first', 'min' or 'max'",
        TypeConverters.toString,
    )
    windows = _param("windows", "of the backtest, 1 to 5", _whole)
    bounds = _param(
        "bounds",
        "minimum and maximum of the target: numbers, columns of the metadata, or None; empty is none",
        lambda value: _two_bounds(value) if value else [],
    )
    relatedCols = _param(
        "relatedCols",
        "numbers (or vectors of numbers) of each item and moment that may explain the target",
        TypeConverters.toListString,
    )
    metadataCols = _param(
        "metadataCols", "what never changes about an item, such as its category", TypeConverters.toListString
    )
    shards = _param("shards", "tasks that the series are divided among, at least; 0 chooses", _whole)
    scaleCol = _param(
        "scaleCol",
        "column for the history's own error, which MASE divides by; empty is none",
        TypeConverters.toString,
    )

    def _set_defaults(self) -> None:
        self._set_columns()
        self._setDefault(
            quantiles=[0.1, 0.5, 0.9],
            mean=False,
            algorithm="",
            network="",
            parameters={},
            holidays=[],
            fill="nan",
            aggregation="sum",
            windows=1,
            bounds=[],
            relatedCols=[],
            metadataCols=[],
            shards=0,
            scaleCol="",
        )
