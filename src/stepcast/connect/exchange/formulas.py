"""Formulas of the step ahead: few enough operations that PMML, ONNX and NumPy all have them.

``values_of`` computes them in NumPy: no file is written whose formulas do not give the engine's forecast.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import reduce

import numpy as np

from stepcast.connect.exchange.trees import Tree, score
from stepcast.engine.arrays import Floats, Integers

__all__ = [
    "Floor",
    "Forest",
    "Formula",
    "Greatest",
    "Least",
    "Linear",
    "Named",
    "Number",
    "Power",
    "Product",
    "Root",
    "Step",
    "Sum",
    "Table",
    "named_in",
    "parts_of",
    "values_of",
]


@dataclass(frozen=True, eq=False)
class Step:
    """1, 2, ... horizon: what a file is asked for."""


@dataclass(frozen=True, eq=False)
class Number:
    value: float


@dataclass(frozen=True, eq=False)
class Table:
    """A number for each step (horizon,); nan is missing."""

    numbers: Floats


@dataclass(frozen=True, eq=False)
class Sum:
    terms: "tuple[Formula, ...]"


@dataclass(frozen=True, eq=False)
class Product:
    factors: "tuple[Formula, ...]"


@dataclass(frozen=True, eq=False)
class Power:
    base: float
    exponent: "Formula"


@dataclass(frozen=True, eq=False)
class Root:
    of: "Formula"


@dataclass(frozen=True, eq=False)
class Floor:
    of: "Formula"


@dataclass(frozen=True, eq=False)
class Greatest:
    of: "tuple[Formula, ...]"


@dataclass(frozen=True, eq=False)
class Least:
    of: "tuple[Formula, ...]"


@dataclass(frozen=True, eq=False)
class Linear:
    """The sum of the latest values, each times its weight of the step: ``weights`` (lags, horizon), the
    weight of the latest value first."""

    weights: Floats


@dataclass(frozen=True, eq=False)
class Forest:
    """The sum of what ``trees`` make of ``features``, by their places in the trees."""

    trees: tuple[Tree, ...]
    features: "Mapping[int, Named]"


@dataclass(frozen=True, eq=False)
class Named:
    """A formula that others use by its ``name``, which files keep; ``meaning`` is for who reads them."""

    name: str
    meaning: str
    formula: "Formula"


Formula = (
    Step | Number | Table | Sum | Product | Power | Root | Floor | Greatest | Least | Linear | Forest | Named
)


def parts_of(formula: Formula) -> tuple[Formula, ...]:
    """What a formula is made of, one level down."""
    match formula:
        case Sum(terms=parts) | Product(factors=parts) | Greatest(of=parts) | Least(of=parts):
            return parts
        case Forest(features=features):
            return tuple(features.values())
        case Power(exponent=part) | Root(of=part) | Floor(of=part) | Named(formula=part):
            return (part,)
        case _:
            return ()


def named_in(*formulas: Formula) -> list[Named]:
    """The named formulas that ``formulas`` use, each once, after those that it uses itself."""
    found: dict[str, Named] = {}

    def visit(formula: Formula) -> Iterator[Named]:
        for part in parts_of(formula):
            yield from visit(part)
        if isinstance(formula, Named):
            yield formula

    for formula in formulas:
        for one in visit(formula):
            found.setdefault(one.name, one)
    return list(found.values())


def values_of(formula: Formula, steps: Integers, latest: Floats) -> Floats:
    """The formula at ``steps`` (n,), from the ``latest`` values (lags,), the last one first."""

    def at(part: Formula) -> Floats:
        return values_of(part, steps, latest)

    match formula:
        case Step():
            return steps.astype(np.float64)
        case Number(value=value):
            return np.full(len(steps), value)
        case Table(numbers=numbers):
            result: Floats = numbers[steps - 1]
            return result
        case Sum(terms=parts):
            return reduce(np.add, map(at, parts))
        case Product(factors=parts):
            return reduce(np.multiply, map(at, parts))
        case Power(base=base, exponent=part):
            return np.asarray(np.power(base, at(part)))
        case Root(of=part):
            return np.sqrt(at(part))
        case Floor(of=part):
            return np.floor(at(part))
        case Greatest(of=parts):
            return reduce(np.maximum, map(at, parts))
        case Least(of=parts):
            return reduce(np.minimum, map(at, parts))
        case Linear(weights=weights):
            return np.asarray(latest @ weights[:, steps - 1])
        case Forest(trees=trees, features=features):
            rows = np.full((len(steps), max(features, default=0) + 1), np.nan)
            for place, feature in features.items():
                rows[:, place] = at(feature)
            return score(trees, rows)
        case Named(formula=part):
            return at(part)
