"""Formulas as PMML expressions: https://dmg.org/pmml/v4-4-1/Transformations.html."""

from collections.abc import Iterable
from xml.etree.ElementTree import Element, SubElement

import numpy as np

from stepcast.connect.exchange.formulas import (
    Floor,
    Forest,
    Formula,
    Greatest,
    Least,
    Linear,
    Named,
    Number,
    Power,
    Product,
    Root,
    Step,
    Sum,
    Table,
)
from stepcast.connect.exchange.words import STEP
from stepcast.connect.pmml.elements import add_row, number, value_back

__all__ = ["expression"]


def expression(formula: Formula) -> Element:
    """A formula as a PMML expression."""

    def apply(function: str, *parts: Element) -> Element:
        made = Element("Apply", {"function": function})
        made.extend(parts)
        return made

    def written(part: Formula) -> Element:
        return expression(part)

    match formula:
        case Step():
            return _reference(STEP)
        case Number(value=value):
            made = Element("Constant", {"dataType": "double"})
            made.text = number(value)
            return made
        case Table(numbers=numbers):
            return _lookup(numbers)
        case Sum(terms=parts):
            return apply("sum", *map(written, parts))
        case Product(factors=parts):
            return apply("product", *map(written, parts))
        case Greatest(of=parts):
            return apply("max", *map(written, parts))
        case Least(of=parts):
            return apply("min", *map(written, parts))
        case Power(base=base, exponent=part):
            return apply("pow", written(Number(base)), written(part))
        case Root(of=part):
            return apply("sqrt", written(part))
        case Floor(of=part):
            return apply("floor", written(part))
        case Linear(weights=weights):
            terms = [(value_back(back), row) for back, row in enumerate(weights, 1)]
            return apply("sum", *(apply("*", _reference(name), _lookup(row)) for name, row in terms))
        case Named(name=name):
            return _reference(name)
        case Forest():
            raise TypeError("a forest is a model of its own, not an expression")


def _reference(name: str) -> Element:
    return Element("FieldRef", {"field": name})


def _lookup(numbers: Iterable[float]) -> Element:
    """What is given for each step; a missing one has no row, and stays missing."""
    made = Element("MapValues", {"outputColumn": "value", "dataType": "double"})
    SubElement(made, "FieldColumnPair", {"field": STEP, "column": "step"})
    table = SubElement(made, "InlineTable")
    for step, value in enumerate(numbers, 1):
        if not np.isnan(value):
            add_row(table, {"step": str(step), "value": number(value)})
    if not len(table):  # which must have a row
        add_row(table, {"step": "0", "value": "0"})
    return made
