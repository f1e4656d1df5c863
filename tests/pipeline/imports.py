"""The result of importing files, twice: by the import, and by pandas, which shares no code with it."""

import io
import json
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from stepcast.engine.calendar import stamp_of
from stepcast.pipeline import layout, objects
from stepcast.pipeline.check import RUN, check
from stepcast.pipeline.file_bucket import FileBucket
from stepcast.pipeline.problems import Report
from stepcast.pipeline.shards import read_shard

__all__ = ["Checked", "Totals", "by_pandas", "check_keys", "differences", "keys_of"]

Totals = dict[tuple[str, ...], dict[str, float]]
"""For each series, by key: the timestamp and value of each period that has a value."""

DAY = "yyyy-MM-dd"
STRPTIME = {DAY: "%Y-%m-%d", "yyyy-MM-dd HH:mm:ss": "%Y-%m-%d %H:%M:%S"}
TARGETS = ("target_value", "demand", "value", "metric_value", "workforce_demand", "number_of_instances")
IDENTIFIERS = ("item_id", "metric_name", "workforce_type", "instance_type")


@dataclass(frozen=True)
class Checked:
    """The report of an import and, if it has no error, the series for the models."""

    report: Report
    totals: Totals
    filled: int  # periods without a value that were given one


def keys_of(folder: Path) -> dict[str, Path]:
    """The files of a folder with the layout of a bucket, by key."""
    found = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path for path in found}


def check_keys(keys: Mapping[str, Path]) -> Checked:
    """Import the files behind these keys."""
    with tempfile.TemporaryDirectory() as scratch:
        bucket = FileBucket(keys, Path(scratch))
        report = check(bucket, "")
        if report.errors:
            return Checked(report, {}, 0)
        totals: Totals = {}
        filled = 0
        for entry in objects.read_json(bucket, "", layout.shard_list(RUN)):
            shard = read_shard(objects.read(bucket, "", layout.shard(RUN, entry["shard"])))
            panel = shard.panel
            for key, values, observed in zip(shard.keys, panel.values, panel.observed, strict=True):
                periods = np.arange(panel.end - len(values) + 1, panel.end + 1)
                stamps = stamp_of(periods[observed], panel.frequency)
                totals[key] = dict(zip(stamps.astype(str).tolist(), values[observed].tolist(), strict=True))
                filled += int(np.isfinite(values[~observed]).sum())
        return Checked(report, totals, filled)


def by_pandas(keys: Mapping[str, Path], *, own_stamps: bool = False) -> Totals:
    """The same by pandas, except for files whose format pandas would have to guess.

    ``own_stamps``  periods are called by the stamps of their rows, one row each.
    """
    params = json.loads(keys[layout.PARAMS].read_bytes().decode("utf-8-sig"))
    dataset = next(d for d in params["Datasets"] if d["DatasetType"] == "TARGET_TIME_SERIES")
    names = [attribute["AttributeName"] for attribute in dataset["Schema"]["Attributes"]]
    config = params["Predictor"]["FeaturizationConfig"]
    stated = params.get("TimestampFormat", "yyyy-MM-dd HH:mm:ss")
    paths = [keys[key] for key in sorted(keys) if _is_data(key)]
    rows = pd.concat([_rows(path, names, stated) for path in paths], ignore_index=True)
    target = next(name for name in TARGETS if name in names)
    identifier = next(name for name in IDENTIFIERS if name in names)
    series = list(dict.fromkeys([identifier, *config.get("ForecastDimensions", [])]))
    rows = rows[rows[target].notna()]
    period = rows["timestamp"] if own_stamps else _starts(rows["timestamp"], config["ForecastFrequency"])
    how = {"avg": "mean"}.get(_aggregation(config), _aggregation(config))
    if how == "first":
        rows = rows.sort_values("timestamp", kind="stable")
    grouped = rows.groupby([*(rows[name] for name in series), period.rename("period")])[target].agg(how)
    totals: Totals = {}
    for (*key, start), value in grouped.items():  # type: ignore[misc]  # a tuple of the group's keys
        totals.setdefault(tuple(key), {})[str(np.datetime64(start, "s"))] = float(value)
    return totals


def differences(got: Totals, wanted: Totals) -> list[str]:
    """The differences between the series of the import and of pandas, apart from rounding."""
    if got.keys() != wanted.keys():
        return [f"series {sorted(got.keys() ^ wanted.keys())} are only on one side"]
    found = []
    for key, values in wanted.items():
        if [*got[key]] != [*values]:
            found.append(f"{key} has periods {sorted(got[key].keys() ^ values.keys())[:4]} on one side only")
        elif any(abs(got[key][at] - value) > 1e-9 * max(1, abs(value)) for at, value in values.items()):
            found.append(f"{key} has other values")
    return found


def _rows(path: Path, names: list[str], stated: str) -> pd.DataFrame:
    content = path.read_bytes()
    if content[:4] == b"PAR1":
        rows = pd.read_parquet(io.BytesIO(content)).reset_index()  # an index is a column like others
        rows.columns = rows.columns.str.lower()
        rows = rows[names]
        moments = pd.to_datetime(rows["timestamp"])
        rows["timestamp"] = moments.dt.tz_localize(None).astype("datetime64[s]")
    else:
        text: dict[str, Any] = {"header": None, "names": names, "dtype": str, "keep_default_na": False}
        gzipped = "gzip" if content[:2] == b"\x1f\x8b" else None
        rows = pd.read_csv(io.BytesIO(content), encoding="utf-8-sig", compression=gzipped, **text)
        # A header is the first row, if its moment is none.
        if pd.isna(
            pd.to_datetime(rows["timestamp"].str.strip()[:1], format=STRPTIME[stated], errors="coerce")[0]
        ):
            rows = rows[1:]
        stamps = rows["timestamp"].str.strip()
        late = stamps.str.contains(" 24:", regex=False)  # the end of the day, as meters write it
        moments = stamps.str.replace(" 24:", " 00:", regex=False).astype("datetime64[s]")
        rows = rows.assign(timestamp=moments.where(~late, moments + pd.Timedelta(days=1)))
    target = next(name for name in TARGETS if name in names)
    numbers = rows[target]
    if numbers.dtype == object or str(numbers.dtype).startswith("str"):
        numbers = numbers.map(lambda cell: float(str(cell).strip() or "nan"))
    texts = {name: rows[name].map(_as_text) for name in names if name not in ("timestamp", target)}
    return rows.assign(**{target: numbers.astype(float)}, **texts)


def _as_text(cell: object) -> str:
    return cell.decode() if isinstance(cell, bytes) else str(cell)


def _starts(moments: "pd.Series[Any]", frequency: str) -> "pd.Series[Any]":
    """When the period of each moment begins, by the service's boundaries."""
    count = int("".join(filter(str.isdigit, frequency)) or 1)
    unit = frequency.lstrip("0123456789")
    stamps = moments.to_numpy().astype("datetime64[s]")
    if unit in ("M", "Y"):
        units = stamps.astype(f"datetime64[{unit}]").astype(int) // count * count
        starts = units.astype(f"datetime64[{unit}]").astype("datetime64[s]")
    else:
        length = count * {"min": 60, "H": 3600, "D": 86400, "W": 604800}[unit]
        monday = 4 * 86400 if unit == "W" else 0
        starts = (stamps.astype(np.int64) - monday) // length * length + monday
        starts = starts.astype("datetime64[s]")
    return pd.Series(starts, index=moments.index)


def _aggregation(config: Mapping[str, Any]) -> str:
    for feature in config.get("Featurizations", []):
        for method in feature.get("FeaturizationPipeline", []):
            if feature["AttributeName"] in TARGETS:
                return str(method.get("FeaturizationMethodParameters", {}).get("aggregation", "sum"))
    return "sum"


def _is_data(key: str) -> bool:
    return key.startswith(layout.TRAIN) and key.lower().endswith((".csv", ".csv.gz", ".parquet"))
