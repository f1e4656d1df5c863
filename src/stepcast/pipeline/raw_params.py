"""Helpers for rules, which read the raw params.json, valid or not, and yield problems."""

import math
from typing import Any

from stepcast.engine.frequency import Frequency
from stepcast.pipeline.domains import DOMAINS, identifier_field, optional_fields, required_fields
from stepcast.pipeline.problems import Problem

__all__ = [
    "Raw",
    "at_keys",
    "attributes_of",
    "columns_of",
    "dataset_of",
    "datasets_of",
    "error",
    "frequency_of",
    "has_whole_schema",
    "number_of",
    "optional_of",
    "required_of",
    "warning",
]

Raw = dict[str, Any]


def error(rule: str, path: str, message: str, remedy: str) -> Problem:
    """A problem that fails the run."""
    return Problem(rule, "error", message, remedy, path=path)


def warning(rule: str, path: str, message: str, remedy: str) -> Problem:
    """A problem that does not fail the run."""
    return Problem(rule, "warning", message, remedy, path=path)


def at_keys(raw: Raw, *keys: str) -> Raw:
    """The object at ``keys``; empty where it is absent or not an object."""
    here: Any = raw
    for key in keys:
        here = here.get(key) if isinstance(here, dict) else None
    return here if isinstance(here, dict) else {}


def datasets_of(raw: Raw) -> list[tuple[str, Raw]]:
    """JSON path and content of each dataset that is an object."""
    given = raw.get("Datasets")
    rows = given if isinstance(given, list) else []
    return [(f"$.Datasets[{number}]", row) for number, row in enumerate(rows) if isinstance(row, dict)]


def dataset_of(raw: Raw, kind: str) -> Raw | None:
    """The dataset of a type, if there is one."""
    return next((dataset for _, dataset in datasets_of(raw) if dataset.get("DatasetType") == kind), None)


def attributes_of(dataset: Raw) -> list[tuple[str, str]]:
    """Names and types of the columns that have both."""
    given = at_keys(dataset, "Schema").get("Attributes")
    rows = [row for row in (given if isinstance(given, list) else []) if isinstance(row, dict)]
    pairs = [(row.get("AttributeName"), row.get("AttributeType")) for row in rows]
    return [(name, kind) for name, kind in pairs if isinstance(name, str) and isinstance(kind, str)]


def has_whole_schema(dataset: Raw) -> bool:
    """Whether the schema lists columns with name and type; otherwise, the structure check reports it."""
    given = at_keys(dataset, "Schema").get("Attributes")
    return isinstance(given, list) and 0 < len(given) == len(attributes_of(dataset))


def columns_of(dataset: Raw) -> dict[str, str]:
    """Type by name of the column."""
    return dict(attributes_of(dataset))


def required_of(dataset: Raw) -> dict[str, str]:
    """The fields that the domain requires of the dataset, and their types."""
    domain, kind = dataset.get("Domain"), dataset.get("DatasetType")
    if domain not in DOMAINS:
        return {}
    own = required_fields(domain, str(kind))
    # EC2_CAPACITY documents no item metadata; its identifier is still required.
    return own or ({identifier_field(domain): "string"} if kind == "ITEM_METADATA" else {})


def optional_of(dataset: Raw) -> dict[str, str]:
    """The optional fields of the domain, and their types."""
    domain = dataset.get("Domain")
    return optional_fields(domain, str(dataset.get("DatasetType"))) if domain in DOMAINS else {}


def frequency_of(text: Any) -> Frequency | None:
    """The frequency, if it is valid."""
    try:
        return Frequency.parse(text)
    except (TypeError, ValueError):
        return None  # the field's own check reports it


def number_of(text: Any) -> float | None:
    """The number, if it is finite."""
    try:
        number = float(text)
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None
