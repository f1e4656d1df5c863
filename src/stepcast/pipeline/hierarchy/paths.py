"""Where each series belongs in the hierarchy, and what levels are called."""

from collections.abc import Iterator, Sequence

from stepcast.engine.panel import Metadata
from stepcast.pipeline.params import Params

__all__ = ["LEVEL", "SERIES", "TOTAL", "level_columns", "level_names", "node_key", "paths_of"]

Key = tuple[str, ...]

LEVEL = "level"  # the column
TOTAL, SERIES = "total", "series"  # its values for the first and the last level


def level_columns(params: Params) -> tuple[str, ...]:
    """The columns that split the total, from the top down."""
    asked = params.predictor.hierarchy
    return asked.levels if asked is not None else ()


def level_names(params: Params) -> tuple[str, ...]:
    """What the column ``level`` holds, from the total down; the series are the last."""
    return (TOTAL, *level_columns(params), SERIES)


def paths_of(params: Params, keys: Sequence[Key], metadata: Metadata | None) -> Iterator[Key]:
    """Of each series, what it has in the level columns; "" where it is missing."""
    columns = level_columns(params)
    for place, key in enumerate(keys):
        known = dict(zip(params.series_key, key, strict=True))
        if metadata is not None:
            known = {**dict(zip(metadata.names, metadata.values[place], strict=True)), **known}
        yield tuple(known.get(column, "") for column in columns)


def node_key(params: Params, node: Key) -> Key:
    """The key of a sum's series: its level, then the level columns, "" below its own."""
    columns = level_columns(params)
    return (level_names(params)[len(node)], *node, *[""] * (len(columns) - len(node)))
