"""Elements that several parts of a PMML document have."""

import re
from collections.abc import Mapping
from xml.etree.ElementTree import Element, SubElement

from stepcast.connect.exchange.words import STEP

__all__ = ["add_field", "add_row", "add_segment", "add_step", "number", "text_of", "value_back"]

# What XML cannot hold, even escaped.
FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def text_of(text: str) -> str:
    """``text`` with what XML cannot hold written as in Python.

    >>> text_of("lamp" + chr(1))
    'lamp\\\\x01'
    """
    return FORBIDDEN.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def number(value: float) -> str:
    """The shortest text that is read as the same number."""
    return repr(float(value))


def value_back(periods: int) -> str:
    """The input of one of the latest values: 1 is the last."""
    return f"value_{periods}_back"


def add_field(parent: Element, kind: str, name: str, data_type: str, meaning: str) -> Element:
    attributes = {"name": name, "optype": "continuous", "dataType": data_type}
    if meaning:
        attributes["displayName"] = text_of(meaning)
    return SubElement(parent, kind, attributes)


def add_step(schema: Element) -> None:
    """The input that every model reads: without it, or with another value than a step, none answers."""
    refusals = dict.fromkeys(("invalidValueTreatment", "missingValueTreatment"), "returnInvalid")
    SubElement(schema, "MiningField", {"name": STEP, **refusals})


def add_row(table: Element, cells: Mapping[str, str]) -> None:
    row = SubElement(table, "row")
    for name, text in cells.items():
        SubElement(row, name).text = text


def add_segment(parent: Element) -> Element:
    """One that always counts."""
    segment = SubElement(parent, "Segment", {"id": str(len(parent) + 1)})
    SubElement(segment, "True")
    return segment
