"""The data of a run's chart, from its files: SQL's parser and engine would take a second to start for it."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from stepcast.charting.series import Charted
from stepcast.cli.current_forecast import key_columns, output_columns, target_column
from stepcast.cli.kept_run import kept
from stepcast.cli.saved_items import Item, read_raw
from stepcast.engine.arrays import Floats
from stepcast.engine.calendar import stamp_of
from stepcast.pipeline import layout
from stepcast.pipeline.csv_files import read_parquet
from stepcast.pipeline.forecast_files import moments_ahead
from stepcast.pipeline.item_summary import KEY, SHARD
from stepcast.pipeline.shards import Shard, read_shard
from stepcast.pipeline.vintages import Manifest

__all__ = ["HORIZONS_BACK", "charted_series", "largest_series"]

HORIZONS_BACK = 3  # how much history precedes the forecast


def largest_series(results: Path, manifest: Manifest, items: list[Item], most: int) -> list[Charted]:
    """The series with the largest forecasts; at most ``most``.

    ``results``  the folder of the run's results, with what ``keep_run`` has put there.
    """
    names, outputs = key_columns(manifest), output_columns(manifest)
    numbers = _shard_numbers(results, manifest, names)
    shards = kept(results, layout.predictor(manifest.predictor, "shards"))
    ranked = sorted((-sum(item.totals.values()), tuple(item.key.values())) for item in items)
    found = []
    for _, key in ranked[:most]:
        number = numbers[key]
        (raw,) = (results / "raw").glob(f"*_part{number}.csv")
        shard = read_shard(shards / f"part-{number}.parquet")
        place = shard.keys.index(key)  # the same in both files
        rows = read_raw(raw, names, outputs).slice(place * manifest.horizon, manifest.horizon)
        ahead = {name: np.array(rows[name].to_pylist()) for name in outputs}
        found.append(charted_series(shard, place, manifest, ahead))
    return found


def charted_series(shard: Shard, place: int, manifest: Manifest, outputs: Mapping[str, Floats]) -> Charted:
    """The series at ``place`` in ``shard``, with its forecast by output."""
    panel, back = shard.panel, HORIZONS_BACK * manifest.horizon
    known = np.where(panel.observed[place], panel.values[place], np.nan)[-back:]
    return Charted(
        title=" · ".join(shard.keys[place]),
        target=target_column(manifest),
        frequency=manifest.frequency,
        past=stamp_of(panel.end + 1 - back + np.arange(back), panel.frequency),
        history=np.concatenate([np.full(back - len(known), np.nan), known]),
        ahead=moments_ahead(shard, manifest.horizon),
        outputs=dict(outputs),
    )


def _shard_numbers(results: Path, manifest: Manifest, names: list[str]) -> dict[tuple[str, ...], int]:
    """The shard of each series, by key."""
    path = kept(results, layout.item_summary(layout.FORECAST, manifest.vintage))
    summary = read_parquet(path.read_bytes())
    keys = zip(*(summary[f"{KEY}{name}"].to_pylist() for name in names), strict=True)
    return dict(zip(keys, summary[SHARD].to_pylist(), strict=True))
