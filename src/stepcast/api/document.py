"""Arguments and frames as params.json and its files: what a run of the pipeline would be given."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from stepcast.api.errors import WrongFrame
from stepcast.api.frames import as_text, columns_of, table_of
from stepcast.api.wide import ONE_SERIES, is_wide, longer
from stepcast.drafting.cells import date_format
from stepcast.drafting.draft import Wishes, draft, schema_name
from stepcast.drafting.errors import CannotDraft
from stepcast.drafting.sample import sample_of
from stepcast.pipeline.importing.columns.timestamp_formats import DAY, MOMENT
from stepcast.pipeline.params import ALGORITHM_ARN

__all__ = ["Columns", "Settings", "document_of", "write_frames", "zone_of"]

FILES = {
    "df": "train/df.parquet",
    "related": "related/related.parquet",
    "metadata": "metadata/metadata.parquet",
}
TARGET, LEVELS = "target_value", "Levels"
LOOKED_AT = 100  # timestamps


@dataclass(frozen=True)
class Columns:
    """The caller's names of the columns. ``item_id`` is empty where there is one series only.

    ``zone`` is the time zone of the timestamps; None of local times. ``levels`` split the total of a
    hierarchy, from the top down.
    """

    item_id: tuple[str, ...] = ("item_id",)
    timestamp: str = "timestamp"
    target: str = TARGET
    zone: str | None = None
    levels: tuple[str, ...] = ()

    @property
    def keys(self) -> dict[str, str]:
        """The schema's name of each column that identifies a series, and the caller's."""
        names = ["item_id"][: len(self.item_id)]
        for column in self.item_id[1:]:
            names.append(schema_name(column, ["item_id", "timestamp", TARGET, *names]))
        return dict(zip(names, self.item_id, strict=True))

    @property
    def level_names(self) -> tuple[str, ...]:
        """The schema's names of ``levels``: columns of the metadata, or some that identify a series."""
        known = {own: name for name, own in self.keys.items()}
        return tuple(known.get(column) or schema_name(column, ()) for column in self.levels)


@dataclass(frozen=True)
class Settings:
    """What is asked for, as ``stepcast.Forecaster`` explains it.

    ``hierarchy``  what params.json has of it besides its levels, which are columns.
    """

    horizon: int
    freq: str | None = None
    quantiles: tuple[float, ...] = (0.1, 0.5, 0.9)
    mean: bool = False
    algorithm: str | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    holidays: tuple[str, ...] = ()
    fill: str | None = None
    aggregation: str = "sum"
    windows: int = 1
    time_budget: float | None = None
    time_zone: str | None = None
    network: str | None = None
    season: int | None = None
    bounds: tuple[float | str | None, float | str | None] | None = None
    hierarchy: Mapping[str, Any] | None = None


def write_frames(
    folder: Path, columns: Columns, df: Any, related: Any = None, metadata: Any = None
) -> dict[str, Path]:
    """The frames as files that the import reads, by their key in a bucket. WrongFrame says what is wrong."""
    tables = {"df": _target(df, columns)}
    if related is not None:
        tables["related"] = _related(related, columns)
    if metadata is not None:
        tables["metadata"] = _metadata(metadata, columns)
    files = {}
    for name, table in tables.items():
        files[FILES[name]] = folder / f"{name}.parquet"
        pq.write_table(table, files[FILES[name]])
    return files


def zone_of(files: Mapping[str, Path]) -> str | None:
    """The time zone of the target's timestamps; None where these are local times."""
    zone: str | None = getattr(pq.read_schema(files[FILES["df"]]).field("timestamp").type, "tz", None)
    return zone


def document_of(settings: Settings, columns: Columns, files: Mapping[str, Path]) -> dict[str, Any]:
    """The params.json for ``files``: what is not set is drafted from the rows, as ``stepcast init`` does.

    WrongFrame where the rows have no frequency, ValueError where ``freq`` is none.
    """
    keys = tuple(columns.keys) or ("item_id",)
    wishes = Wishes(
        time="timestamp",
        targets=(TARGET,),
        items=keys,
        frequency=settings.freq,
        horizon=settings.horizon,
        domain="CUSTOM",
        time_zone=settings.time_zone,
    )
    try:
        document = draft(sample_of([files[FILES["df"]]]), wishes).params
    except CannotDraft as error:
        given = {"timestamp": columns.timestamp, TARGET: columns.target}
        said = str(error).replace(str(files[FILES["df"]]), "df")
        for name, own in given.items():
            said = said.replace(repr(name), repr(own))
        raise WrongFrame(f"df: {said.removeprefix('df ')}") from None
    predictor = document["Predictor"]
    config = predictor["FeaturizationConfig"]
    if settings.fill is not None or settings.aggregation != "sum":
        config["Featurizations"] = _filling(settings, config.pop("Featurizations", None))
    if settings.algorithm is not None:
        del predictor["PerformAutoML"]
        predictor["AlgorithmArn"] = ALGORITHM_ARN + settings.algorithm
    if settings.season is not None:
        predictor["SeasonLength"] = settings.season
    if settings.network is not None:
        predictor["AutoMLNetwork"] = settings.network
    if settings.parameters:
        predictor["TrainingParameters"] = {name: _text(one) for name, one in settings.parameters.items()}
    if settings.holidays:
        features = [{"Name": "holiday", "Value": country} for country in settings.holidays]
        predictor["InputDataConfig"] = {"SupplementaryFeatures": features}
    if settings.windows != 1:
        predictor["EvaluationParameters"] = {"NumberOfBacktestWindows": settings.windows}
    if settings.bounds is not None:
        predictor["Bounds"] = _bounds(settings.bounds)
    if settings.hierarchy is not None:
        predictor["Hierarchy"] = dict(settings.hierarchy)
        if columns.levels or not settings.hierarchy:
            predictor["Hierarchy"][LEVELS] = [*columns.level_names]
    if settings.time_budget is not None:
        predictor["TrainingBudgetSeconds"] = settings.time_budget
    wanted = [f"{quantile:g}" for quantile in settings.quantiles]
    document["Forecast"]["ForecastTypes"] = [*wanted, "mean"] if settings.mean else wanted
    frequency = document["Datasets"][0]["DataFrequency"]
    for name, kind in (("related", "RELATED_TIME_SERIES"), ("metadata", "ITEM_METADATA")):
        if (path := files.get(FILES[name])) is not None:
            document["Datasets"].append(_dataset(name.title(), kind, path, frequency))
    return document


def _target(df: Any, columns: Columns) -> pa.Table:
    table = table_of(_with_index(df, columns), "df")
    if is_wide(table, columns.item_id, columns.timestamp, columns.target):
        (item,) = columns.item_id[:1] or ("item_id",)
        table = longer(table, item, columns.timestamp, columns.target)
    wanted = {**columns.keys, "timestamp": columns.timestamp, TARGET: columns.target}
    missing = [name for name in columns.item_id if name not in table.column_names]
    if missing:
        remedy = (
            "Name the columns that identify a series with item_id=, or give item_id=None if there is only one"
        )
        if any(name[:1].isdigit() for name in table.column_names):
            remedy = "If that is a row of a file without a header, read it with names=[...] of its columns"
        raise WrongFrame(
            f"df has no column {missing[0]!r}; it has {', '.join(map(repr, table.column_names))}. {remedy}"
        )
    chosen = columns_of(table, wanted, "df")
    if not columns.item_id:
        one = pa.array([ONE_SERIES] * len(chosen), pa.string())
        chosen = chosen.add_column(0, "item_id", one)
    chosen = _numbers(
        chosen, TARGET, f"df: {columns.target!r}", "convert it, for example with pandas.to_numeric"
    )
    return _typed(chosen, tuple(columns.keys) or ("item_id",), "df")


def _related(frame: Any, columns: Columns) -> pa.Table:
    table = table_of(_with_index(frame, columns), "related")
    own = {**columns.keys, "timestamp": columns.timestamp}
    features = [name for name in table.column_names if name not in own.values()]
    names = _schema_names(features, (*own, TARGET))
    chosen = columns_of(table, {**own, **names}, "related")
    for name, feature in names.items():
        remedy = "put what never changes about an item in metadata=, or drop the column"
        chosen = _numbers(chosen, name, f"related: {feature!r}", remedy)
    if not columns.item_id:
        chosen = chosen.add_column(0, "item_id", pa.array([ONE_SERIES] * len(chosen), pa.string()))
    return _typed(chosen, tuple(columns.keys) or ("item_id",), "related")


def _metadata(frame: Any, columns: Columns) -> pa.Table:
    if not columns.item_id:
        raise WrongFrame("metadata tells which items are alike: with item_id=None there is only one")
    table = table_of(frame, "metadata")
    attributes = [name for name in table.column_names if name != columns.item_id[0]]
    names = _schema_names(attributes, ("item_id",))
    chosen = columns_of(table, {"item_id": columns.item_id[0], **names}, "metadata")
    return pa.table({name: as_text(chosen[name]) for name in chosen.column_names})


def _with_index(frame: Any, columns: Columns) -> Any:
    """A pandas frame whose unnamed index holds the timestamps, with that index named after them."""
    if type(frame).__module__.partition(".")[0] != "pandas":
        return frame
    import pandas as pd

    index = frame.index
    if isinstance(frame, pd.Series):
        frame = frame.to_frame(columns.target if not columns.item_id or frame.name is None else frame.name)
    timed = isinstance(index, pd.DatetimeIndex | pd.PeriodIndex)
    if timed and columns.timestamp not in map(str, frame.columns):
        moments = index.to_timestamp() if isinstance(index, pd.PeriodIndex) else index
        return frame.set_axis(moments.rename(columns.timestamp), axis="index")
    return frame


def _typed(table: pa.Table, keys: Sequence[str], name: str) -> pa.Table:
    """Keys as text; the rest as it is, if it holds moments and numbers."""
    for key in keys:
        table = _replaced(table, key, as_text(table[key]))
    return _replaced(table, "timestamp", _moments(table["timestamp"], name))


def _moments(stamps: pa.ChunkedArray, name: str) -> pa.ChunkedArray:
    """Timestamps of a type that the import reads, or text in its formats, of which it finds wrong rows."""
    if _is_text(stamps):
        stamps = stamps.cast(pa.string())
        try:
            stamps = stamps.cast(pa.timestamp("us"))  # ISO 8601, with a T or without
        except pa.ArrowInvalid:
            first = [cell for cell in stamps.slice(0, LOOKED_AT).to_pylist() if cell is not None]
            if date_format(first, bare=True) not in (DAY, MOMENT):
                raise WrongFrame(
                    f"{name}: the timestamps are text such as {first[0]!r}: convert them, for example with "
                    "pandas.to_datetime"
                ) from None
            return stamps
    if not (pa.types.is_timestamp(stamps.type) or pa.types.is_date(stamps.type)):
        raise WrongFrame(
            f"{name}: the timestamps are of type {stamps.type}: convert them, for example with "
            "pandas.to_datetime"
        )
    whole = pc.floor_temporal(stamps, unit="second") if pa.types.is_timestamp(stamps.type) else stamps
    if pc.any(pc.not_equal(whole, stamps)).as_py():
        raise WrongFrame(f"{name}: timestamps have fractions of a second: round them to seconds")
    return stamps


def _numbers(table: pa.Table, column: str, said: str, remedy: str) -> pa.Table:
    """The table with ``column`` as numbers; WrongFrame says ``remedy`` where it holds anything else."""
    kind = table[column].type
    if pa.types.is_boolean(kind):
        return _replaced(table, column, table[column].cast(pa.int64()))
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return table
    if pa.types.is_null(kind):
        return _replaced(table, column, table[column].cast(pa.float64()))
    raise WrongFrame(f"{said} holds {kind}, not numbers: {remedy}")


def _replaced(table: pa.Table, column: str, cells: pa.ChunkedArray) -> pa.Table:
    return table.set_column(table.column_names.index(column), column, cells)


def _is_text(cells: pa.ChunkedArray) -> bool:
    types = pa.types
    return bool(
        types.is_string(cells.type) or types.is_large_string(cells.type) or types.is_string_view(cells.type)
    )


def _dataset(name: str, kind: str, path: Path, frequency: str) -> dict[str, Any]:
    schema = pq.read_schema(path)
    attributes = [{"AttributeName": column.name, "AttributeType": _type(column, kind)} for column in schema]
    described: dict[str, Any] = {"DatasetName": name, "Domain": "CUSTOM", "DatasetType": kind}
    if kind == "RELATED_TIME_SERIES":
        described["DataFrequency"] = frequency
    return {**described, "Schema": {"Attributes": attributes}}


def _type(column: pa.Field, kind: str) -> str:
    if kind == "ITEM_METADATA":
        return "string"
    if column.name == "timestamp":
        return "timestamp"
    if pa.types.is_integer(column.type):
        return "integer"
    return "string" if pa.types.is_string(column.type) else "float"


def _schema_names(columns: Sequence[str], taken: Sequence[str]) -> dict[str, str]:
    names: dict[str, str] = {}
    for column in columns:
        names[schema_name(column, [*taken, *names])] = column
    return names


def _filling(settings: Settings, drafted: list[dict[str, Any]] | None) -> list[dict[str, Any]]:
    method: dict[str, str] = {}
    if drafted is not None:
        method |= drafted[0]["FeaturizationPipeline"][0]["FeaturizationMethodParameters"]
    if settings.fill is not None:
        method |= {"middlefill": settings.fill, "backfill": settings.fill}
    if settings.aggregation != "sum":
        method["aggregation"] = settings.aggregation
    steps = [{"FeaturizationMethodName": "filling", "FeaturizationMethodParameters": method}]
    return [{"AttributeName": TARGET, "FeaturizationPipeline": steps}]


def _bounds(given: tuple[float | str | None, float | str | None]) -> dict[str, float | str]:
    named: dict[str, float | str] = {}
    for side, bound in zip(("Minimum", "Maximum"), given, strict=True):
        if isinstance(bound, str):
            named[f"{side}Attribute"] = schema_name(bound, ["item_id"])
        elif bound is not None:
            named[side] = float(bound)
    return named


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
