"""Amazon Forecast's seven domains: which fields a dataset must and may have."""

import json
from functools import cache
from importlib import resources
from typing import Any, Literal

__all__ = ["DOMAINS", "Domain", "is_reserved", "optional_fields", "required_fields", "target_field"]

Domain = Literal[
    "RETAIL", "INVENTORY_PLANNING", "EC2_CAPACITY", "WORK_FORCE", "WEB_TRAFFIC", "METRICS", "CUSTOM"
]
DOMAINS: tuple[str, ...] = Domain.__args__  # type: ignore[attr-defined]  # typing has no public accessor for mypy


@cache
def _table() -> dict[str, Any]:
    # Source: Amazon Forecast Developer Guide, "Predefined Dataset Domains and Dataset Types".
    table: dict[str, Any] = json.loads(
        resources.files(__package__).joinpath("domains.json").read_text("utf-8")
    )
    return table


@cache
def _reserved() -> frozenset[str]:
    # Source: Amazon Forecast Developer Guide, "Reserved Field Names".
    return frozenset(resources.files(__package__).joinpath("reserved_names.txt").read_text("utf-8").split())


def identifier_field(domain: str) -> str:
    """The field that identifies an item.

    >>> identifier_field("METRICS")
    'metric_name'
    """
    return str(_table()[domain]["identifier"])


def target_field(domain: str) -> str:
    """The field that is forecast.

    >>> target_field("RETAIL")
    'demand'
    """
    return str(_table()[domain]["target"])


def required_fields(domain: str, dataset_type: str) -> dict[str, str]:
    """Field to type; empty for a dataset type that the domain does not document."""
    return dict(_table()[domain].get(dataset_type, {}).get("required", {}))


def optional_fields(domain: str, dataset_type: str) -> dict[str, str]:
    """Suggested fields and their types; others are allowed as well."""
    return dict(_table()[domain].get(dataset_type, {}).get("optional", {}))


def is_reserved(name: str) -> bool:
    """Whether ``name`` is one of the service's 822 reserved words.

    >>> is_reserved("Count"), is_reserved("location")
    (True, False)
    """
    return name.upper() in _reserved()
