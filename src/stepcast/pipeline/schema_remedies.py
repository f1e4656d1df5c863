"""Remedies for a schema that lacks a column, and for columns that a schema does not have."""

import json
from collections.abc import Mapping

from stepcast.pipeline.domains import DOMAINS, identifier_field, target_field
from stepcast.pipeline.raw_params import Raw, columns_of, optional_of, required_of
from stepcast.pipeline.spelling import meant

__all__ = ["constant_item_remedy", "missing_field_remedy", "related_remedy"]


def missing_field_remedy(dataset: Raw, name: str, kind: str) -> str:
    """How to add the field ``name`` to a schema: by renaming a column, or as a new one."""
    own = {*required_of(dataset), *optional_of(dataset)}
    others = {other: given for other, given in columns_of(dataset).items() if other not in own}
    spelt = meant(name, others)
    numbers = ("float", "integer")
    alike = [
        other for other, given in others.items() if given == kind or (kind in numbers and given in numbers)
    ]
    if spelt is not None:
        return f"Write {name!r} instead of {spelt!r}"
    column = json.dumps({"AttributeName": name, "AttributeType": kind})
    add = f"Add {column} at the position of its column"
    domain = dataset["Domain"]
    if name == target_field(domain) and alike:
        domains = [other for other in DOMAINS if target_field(other) == alike[0]]
        change = f", or set the Domain of the dataset and of its group to {domains[0]}" if domains else ""
        return f"If {alike[0]!r} is the forecast target, name it {name!r}{change}"
    if name == identifier_field(domain) and dataset.get("DatasetType") == "TARGET_TIME_SERIES":
        if alike:
            return f"{add}, or rename {alike[0]!r} to {name!r} if it identifies the items"
        return f"{add}. {constant_item_remedy(name)}"
    if alike:
        return f"{add}, or rename {alike[0]!r} to {name!r} if it is this column"
    return add


def constant_item_remedy(name: str) -> str:
    """The remedy for files of one series without an item column."""
    return (
        f"If the files have no such column because they contain one series, add a column {name!r} with the "
        "same name in every row, or let `stepcast run` add it with --item NAME"
    )


def related_remedy(identifier: str, columns: Mapping[str, str]) -> str:
    """Where numbers other than the target belong; ``columns`` are their names and types."""
    attributes = {identifier: "string", "timestamp": "timestamp", **columns}
    rows = [{"AttributeName": name, "AttributeType": kind} for name, kind in attributes.items()]
    return (
        "If these numbers help to forecast, put them in separate files under related/, and add a "
        f'dataset of DatasetType RELATED_TIME_SERIES with "Schema": {json.dumps({"Attributes": rows})}; '
        "or leave them out"
    )
