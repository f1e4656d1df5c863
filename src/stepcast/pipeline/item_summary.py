"""The items of a vintage in one small file: what a list shows, without reading every forecast."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from stepcast.engine.arrays import Floats
from stepcast.pipeline.shards import Shard

__all__ = ["ATTRIBUTE", "FIGURES", "KEY", "NOTED", "SHARD", "VOLUME", "central", "item_summary"]

# By prefix, because a forecast dimension may be named volume.
KEY, ATTRIBUTE = "key.", "attribute."
SHARD, VOLUME, NOTED = "shard", "volume", "noted"
FIGURES = ("wql", "wql_seasonal_naive", "coverage")  # columns of the leaderboard


def central(outputs: Sequence[str]) -> str:
    """The output that stands for the forecast: the quantile nearest to the median, or the mean.

    >>> central(("mean", "p10", "p60")), central(("mean",))
    ('p60', 'mean')
    """
    quantiles = [name for name in outputs if name != "mean"]
    return min(quantiles, key=lambda name: abs(float(name[1:]) - 50), default="mean")


def item_summary(
    shard: Shard, number: int, values: Floats, outputs: Sequence[str], leaderboard: pa.Table
) -> pa.Table:
    """One row for each series of shard ``number``, in its order.

    Columns: the parts of its key and its attributes, each behind a prefix; its shard; the sum of the central
    output over the horizon; the figures of its backtest, null where there are none; whether it has a note.

    ``values``       (series, horizon, outputs).
    ``leaderboard``  the rows of the same series, in the same order.
    """
    keys, metadata = shard.keys, shard.panel.metadata
    columns = {
        f"{KEY}{name.lower()}": pa.array([key[part] for key in keys], pa.string())
        for part, name in enumerate(shard.key_names)
    }
    if metadata is not None:
        for part, name in enumerate(metadata.names):
            if name not in shard.key_names:  # a dimension is an attribute, too
                texts = pa.array([row[part] for row in metadata.values], pa.string())
                columns[f"{ATTRIBUTE}{name}"] = texts.dictionary_encode()
    columns[SHARD] = pa.array(np.full(len(keys), number, np.int32))
    columns[VOLUME] = pa.array(values[:, :, list(outputs).index(central(outputs))].sum(axis=1))
    columns |= {name: leaderboard.column(name) for name in FIGURES}
    columns[NOTED] = leaderboard.column("note").is_valid()
    return pa.table(columns)
