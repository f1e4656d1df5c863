"""An item's model as a PMML 4.4 document. Source: https://dmg.org/pmml/v4-4-1/GeneralStructure.html.

The step is an input, derived fields are the parts of the model, and a regression adds up: evaluators have no
time series models, or only their first step (docs/decisions/0022-exported-models-take-the-step.md).
"""

from collections.abc import Iterable, Mapping
from xml.etree.ElementTree import Element, SubElement, indent, tostring

import numpy as np

from stepcast import __version__
from stepcast.connect.exchange.formulas import Forest, Greatest, Named, named_in, parts_of
from stepcast.connect.exchange.item_model import ItemModel
from stepcast.connect.exchange.names import Names, names_of
from stepcast.connect.pmml.elements import add_field, add_row, add_segment, add_step, number, text_of
from stepcast.connect.pmml.expressions import expression
from stepcast.connect.pmml.forests import add_trees
from stepcast.pipeline.layout import moment_of

__all__ = ["document"]

NAMESPACE, VERSION = "http://www.dmg.org/PMML-4_4", "4.4"
REGRESSION = {"functionName": "regression"}
PRECISION = "1e-9"


def document(model: ItemModel) -> bytes:
    """The document as UTF-8; the same model gives the same bytes."""
    model.check()
    names = names_of(model)
    root = Element("PMML", {"xmlns": NAMESPACE, "version": VERSION})
    _header(root, model, names)
    _dictionary(root, model, names)
    parts = named_in(model.point, *model.outputs.values())
    forests = {part.name: part.formula for part in parts if isinstance(part.formula, Forest)}
    if forests:
        _chain(root, model, names, parts, forests)
    else:
        made = SubElement(root, "RegressionModel", REGRESSION | {"modelName": text_of(model.item.name)})
        _regression(made, model, names, parts)
        made.append(_verification(model, names))
    indent(root)
    text: str = tostring(root, "unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'.encode()


def _header(root: Element, model: ItemModel, names: Names) -> None:
    item, manifest = model.item, model.item.run.manifest
    described = f"{model.algorithm} forecast of {item.target} for item {item.name}"
    header = SubElement(root, "Header", {"description": text_of(described)})
    SubElement(header, "Application", {"name": "Stepcast", "version": __version__})
    for line in names.documentation(model):
        SubElement(header, "Annotation").text = text_of(line)
    SubElement(header, "Timestamp").text = moment_of(manifest.vintage).isoformat()


def _dictionary(root: Element, model: ItemModel, names: Names) -> None:
    dictionary = SubElement(root, "DataDictionary")
    step = add_field(dictionary, "DataField", names.step, "integer", names.step_meaning(model))
    limits = {"closure": "closedClosed", "leftMargin": "1", "rightMargin": str(model.horizon)}
    SubElement(step, "Interval", limits)
    for place, name in enumerate(names.latest):
        add_field(dictionary, "DataField", name, "double", names.latest_meaning(place))
    add_field(dictionary, "DataField", names.target, "double", "the point forecast")


def _schema(parent: Element, model: ItemModel, names: Names, inner: Iterable[str] = ()) -> None:
    schema = SubElement(parent, "MiningSchema")
    add_step(schema, names)
    for name, value in zip(names.latest, model.latest, strict=True):
        attributes = {
            "name": name,
            "missingValueReplacement": number(value),
            "missingValueTreatment": "asValue",
        }
        SubElement(schema, "MiningField", {**attributes, "invalidValueTreatment": "returnInvalid"})
    for name in inner:
        SubElement(schema, "MiningField", {"name": name})
    SubElement(schema, "MiningField", {"name": names.target, "usageType": "target"})


def _regression(
    made: Element, model: ItemModel, names: Names, parts: Iterable[Named], inner: Iterable[str] = ()
) -> None:
    """Into ``made``: ``parts`` as derived fields, besides the outputs ``inner`` of models before it."""
    _schema(made, model, names, inner)
    _outputs(made, model, names)
    _targets(made, model, names)
    derived = SubElement(made, "LocalTransformations")
    for part in parts:
        _derive(derived, part, names)
    table = SubElement(made, "RegressionTable", {"intercept": "0"})
    SubElement(table, "NumericPredictor", {"name": names.derived[model.point.name], "coefficient": "1"})


def _derive(parent: Element, part: Named, names: Names) -> None:
    field = add_field(parent, "DerivedField", names.derived[part.name], "double", part.meaning)
    field.append(expression(part.formula, names))


def _targets(parent: Element, model: ItemModel, names: Names) -> None:
    if any(isinstance(formula, Greatest) for formula in model.outputs.values()):
        targets = SubElement(parent, "Targets")
        SubElement(targets, "Target", {"field": names.target, "min": "0"})


def _outputs(parent: Element, model: ItemModel, names: Names) -> None:
    output = SubElement(parent, "Output")
    for name, formula in model.outputs.items():
        attributes = {"optype": "continuous", "dataType": "double", "feature": "transformedValue"}
        field = SubElement(output, "OutputField", {"name": names.outputs[name], **attributes})
        field.append(expression(formula, names))


def _verification(model: ItemModel, names: Names) -> Element:
    """What the engine forecasts for every step."""
    made = Element("ModelVerification", {"recordCount": str(model.horizon)})
    fields = SubElement(made, "VerificationFields")
    columns = {names.step: "step", **{names.outputs[name]: f"c{n}" for n, name in enumerate(model.outputs)}}
    small = number(float(np.abs(model.expected).max()) * float(PRECISION))
    for name, column in columns.items():
        limits = {} if name == names.step else {"precision": str(model.tolerance), "zeroThreshold": small}
        SubElement(fields, "VerificationField", {"field": name, "column": column, **limits})
    table = SubElement(made, "InlineTable")
    for step, row in enumerate(model.expected.tolist(), 1):
        add_row(table, dict(zip(columns.values(), (str(step), *map(number, row)), strict=True)))
    return made


def _chain(
    root: Element, model: ItemModel, names: Names, parts: list[Named], forests: Mapping[str, Forest]
) -> None:
    """Each forest is a model of its own, whose output the regression at the end reads."""
    features = named_in(*(feature for forest in forests.values() for feature in parts_of(forest)))
    dictionary = SubElement(root, "TransformationDictionary")
    for feature in features:
        _derive(dictionary, feature, names)
    made = SubElement(root, "MiningModel", REGRESSION | {"modelName": text_of(model.item.name)})
    _schema(made, model, names)
    chain = SubElement(made, "Segmentation", {"multipleModelMethod": "modelChain"})
    scores = {name: names.derived[name] for name in forests}
    for name, forest in forests.items():
        inner = SubElement(add_segment(chain), "MiningModel", REGRESSION)
        add_step(SubElement(inner, "MiningSchema"), names)
        attributes = {"optype": "continuous", "dataType": "double", "feature": "predictedValue"}
        SubElement(SubElement(inner, "Output"), "OutputField", {"name": scores[name], **attributes})
        add_trees(inner, forest, names)
    last = SubElement(add_segment(chain), "RegressionModel", REGRESSION)
    rest = [part for part in parts if part not in features and part.name not in forests]
    _regression(last, model, names, rest, scores.values())
    made.append(_verification(model, names))
