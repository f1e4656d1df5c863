"""Rules for Predictor.Hierarchy: its levels are columns that every series has a value of."""

from collections.abc import Callable, Iterator

from stepcast.pipeline.domains import DOMAINS, identifier_field, target_field
from stepcast.pipeline.problems import Problem
from stepcast.pipeline.raw_params import Raw, at_keys, columns_of, dataset_of, error
from stepcast.pipeline.spelling import did_you_mean
from stepcast.pipeline.tables import is_taken

__all__ = ["HIERARCHY_RULES"]

LEVELS = "$.Predictor.Hierarchy.Levels"
COLUMNS = ("timestamp", "points")  # of these tables, besides those that all tables have
TAKEN = ("level", "total", "series")  # the column of levels, and what it holds besides their names


def levels_are_columns(raw: Raw) -> Iterator[Problem]:
    """V16: levels are attributes of the item metadata or forecast dimensions, each once."""
    asked = at_keys(raw, "Predictor", "Hierarchy").get("Levels")
    target = dataset_of(raw, "TARGET_TIME_SERIES")
    if not isinstance(asked, list) or target is None or target.get("Domain") not in DOMAINS:
        return
    item = identifier_field(target["Domain"])
    dimensions = at_keys(raw, "Predictor", "FeaturizationConfig").get("ForecastDimensions")
    known = [name for name in (dimensions if isinstance(dimensions, list) else []) if isinstance(name, str)]
    finest = not known
    if known:
        known.append(item)  # one of several columns that identify a series
    metadata = dataset_of(raw, "ITEM_METADATA")
    known += [name for name in columns_of(metadata or {}) if name != item]
    for number, name in enumerate(asked):
        path = f"{LEVELS}[{number}]"
        if not isinstance(name, str):
            continue  # the structure check reports it
        if name == item and finest:
            what = f"{name!r} identifies a series, so a level of it has no sums"
            yield error("V16", path, what, "Remove it: series are always the last level")
        elif name not in known:
            what = f"{name!r} is neither a forecast dimension nor an attribute of the item metadata"
            has = (
                f"There are {', '.join(known)}" if known else "There are none: add a dataset of ITEM_METADATA"
            )
            yield error("V16", path, what, f"{did_you_mean(name, known)}{has}")
        elif name in asked[:number]:
            yield error(
                "V16", path, f"{name!r} is a level already", "Name each level once, from the top down"
            )
        elif name.lower() in TAKEN:
            what = f"{name!r} would be mistaken for what the column level holds"
            yield error("V16", path, what, f"Rename the column, for example to 'item_{name.lower()}'")
        elif is_taken(name) or name.lower() in (*COLUMNS, target_field(target["Domain"])):
            what = f"{name!r} is already a column of the tables of levels"
            yield error("V16", path, what, f"Rename it, for example to 'item_{name.lower()}'")


HIERARCHY_RULES: tuple[Callable[[Raw], Iterator[Problem]], ...] = (levels_are_columns,)
