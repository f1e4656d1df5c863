"""An item's model as a PMML 4.4 document. Source: https://dmg.org/pmml/v4-4-1/GeneralStructure.html.

The step is an input, derived fields are the parts of the model, and a regression adds up: evaluators have no
time series models, or only their first step (docs/decisions/0022-exported-models-take-the-step.md).
"""

from collections.abc import Iterable, Mapping
from xml.etree.ElementTree import Element, SubElement, indent, tostring

import numpy as np

from stepcast.connect.exchange.formulas import Forest, Greatest, Named, named_in, parts_of
from stepcast.connect.exchange.item_model import ItemModel
from stepcast.connect.exchange.words import STEP, documentation, step_meaning
from stepcast.connect.pmml.elements import (
    add_field,
    add_row,
    add_segment,
    add_step,
    number,
    text_of,
    value_back,
)
from stepcast.connect.pmml.expressions import expression
from stepcast.connect.pmml.forests import add_trees
from stepcast.pipeline.layout import moment_of
from stepcast.version import __version__

__all__ = ["document"]

NAMESPACE, VERSION = "http://www.dmg.org/PMML-4_4", "4.4"
REGRESSION = {"functionName": "regression"}
# The share of the largest value below which verification takes a value for zero: a small difference of large
# numbers has fewer digits than are compared.
ZERO = 1e-6


def document(model: ItemModel) -> bytes:
    """The document as UTF-8; the same model gives the same bytes."""
    model.check()
    root = Element("PMML", {"xmlns": NAMESPACE, "version": VERSION})
    _header(root, model)
    _dictionary(root, model)
    parts = named_in(model.point, *model.outputs.values())
    forests = {part.name: part.formula for part in parts if isinstance(part.formula, Forest)}
    if forests:
        _chain(root, model, parts, forests)
    else:
        made = SubElement(root, "RegressionModel", REGRESSION | {"modelName": text_of(model.item.name)})
        _regression(made, model, parts)
        made.append(_verification(model))
    indent(root)
    text: str = tostring(root, "unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'.encode()


def _header(root: Element, model: ItemModel) -> None:
    item, manifest = model.item, model.item.run.manifest
    described = f"{model.algorithm} forecast of {item.target} for item {item.name}"
    header = SubElement(root, "Header", {"description": text_of(described)})
    SubElement(header, "Application", {"name": "Stepcast", "version": __version__})
    for line in documentation(model, f"{value_back(1)} to {value_back(len(model.latest))}"):
        SubElement(header, "Annotation").text = text_of(line)
    SubElement(header, "Timestamp").text = moment_of(manifest.vintage).isoformat()


def _dictionary(root: Element, model: ItemModel) -> None:
    dictionary = SubElement(root, "DataDictionary")
    step = add_field(dictionary, "DataField", STEP, "integer", step_meaning(model))
    limits = {"closure": "closedClosed", "leftMargin": "1", "rightMargin": str(model.horizon)}
    SubElement(step, "Interval", limits)
    for back in range(1, len(model.latest) + 1):
        add_field(dictionary, "DataField", value_back(back), "double", "" if back > 1 else "the last value")
    add_field(dictionary, "DataField", model.item.target, "double", "the point forecast")


def _schema(parent: Element, model: ItemModel, inner: Iterable[str] = ()) -> None:
    schema = SubElement(parent, "MiningSchema")
    add_step(schema)
    for back, value in enumerate(model.latest, 1):
        attributes = {
            "name": value_back(back),
            "missingValueReplacement": number(value),
            "missingValueTreatment": "asValue",
        }
        SubElement(schema, "MiningField", {**attributes, "invalidValueTreatment": "returnInvalid"})
    for name in inner:
        SubElement(schema, "MiningField", {"name": name})
    SubElement(schema, "MiningField", {"name": model.item.target, "usageType": "target"})


def _regression(made: Element, model: ItemModel, parts: Iterable[Named], inner: Iterable[str] = ()) -> None:
    """Into ``made``: ``parts`` as derived fields, besides the outputs ``inner`` of models before it."""
    _schema(made, model, inner)
    _outputs(made, model)
    _targets(made, model)
    derived = SubElement(made, "LocalTransformations")
    for part in parts:
        _derive(derived, part)
    table = SubElement(made, "RegressionTable", {"intercept": "0"})
    SubElement(table, "NumericPredictor", {"name": model.point.name, "coefficient": "1"})


def _derive(parent: Element, part: Named) -> None:
    field = add_field(parent, "DerivedField", part.name, "double", part.meaning)
    field.append(expression(part.formula))


def _targets(parent: Element, model: ItemModel) -> None:
    if any(isinstance(formula, Greatest) for formula in model.outputs.values()):
        targets = SubElement(parent, "Targets")
        SubElement(targets, "Target", {"field": model.item.target, "min": "0"})


def _outputs(parent: Element, model: ItemModel) -> None:
    output = SubElement(parent, "Output")
    for name, formula in model.outputs.items():
        attributes = {"optype": "continuous", "dataType": "double", "feature": "transformedValue"}
        field = SubElement(output, "OutputField", {"name": name, **attributes})
        field.append(expression(formula))


def _verification(model: ItemModel) -> Element:
    """What the engine forecasts for every step."""
    made = Element("ModelVerification", {"recordCount": str(model.horizon)})
    fields = SubElement(made, "VerificationFields")
    columns = {STEP: "step", **{name: f"c{n}" for n, name in enumerate(model.outputs)}}
    small = number(float(np.abs(model.expected).max()) * ZERO)
    for name, column in columns.items():
        limits = {} if name == STEP else {"precision": str(model.tolerance), "zeroThreshold": small}
        SubElement(fields, "VerificationField", {"field": name, "column": column, **limits})
    table = SubElement(made, "InlineTable")
    for step, row in enumerate(model.expected.tolist(), 1):
        add_row(table, dict(zip(columns.values(), (str(step), *map(number, row)), strict=True)))
    return made


def _chain(root: Element, model: ItemModel, parts: list[Named], forests: Mapping[str, Forest]) -> None:
    """Each forest is a model of its own, whose output the regression at the end reads."""
    features = named_in(*(feature for forest in forests.values() for feature in parts_of(forest)))
    dictionary = SubElement(root, "TransformationDictionary")
    for feature in features:
        _derive(dictionary, feature)
    made = SubElement(root, "MiningModel", REGRESSION | {"modelName": text_of(model.item.name)})
    _schema(made, model)
    chain = SubElement(made, "Segmentation", {"multipleModelMethod": "modelChain"})
    for name, forest in forests.items():
        inner = SubElement(add_segment(chain), "MiningModel", REGRESSION)
        add_step(SubElement(inner, "MiningSchema"))
        attributes = {"optype": "continuous", "dataType": "double", "feature": "predictedValue"}
        SubElement(SubElement(inner, "Output"), "OutputField", {"name": name, **attributes})
        add_trees(inner, forest)
    last = SubElement(add_segment(chain), "RegressionModel", REGRESSION)
    rest = [part for part in parts if part not in features and part.name not in forests]
    _regression(last, model, rest, forests)
    made.append(_verification(model))
