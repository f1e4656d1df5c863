"""An item's model as a PMML 4.4 document. Source: https://dmg.org/pmml/v4-4-1/GeneralStructure.html.

Evaluators differ in what they know. JPMML has no exponential smoothing and forecasts one step by its state space
models, PMML4S has no time series models; both know regressions and trees, transformations of fields, and outputs
that are computed. So the step is an input, derived fields are the parts of the model, and a regression adds up.
"""

import re
from collections.abc import Iterable, Mapping
from xml.etree.ElementTree import Element, SubElement, indent, tostring

import numpy as np

from stepcast import __version__
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
    named_in,
    parts_of,
)
from stepcast.connect.exchange.item_model import ItemModel
from stepcast.connect.exchange.names import Names, names_of
from stepcast.connect.exchange.trees import Leaf, Split, Tree
from stepcast.pipeline.layout import moment_of

__all__ = ["document"]

NAMESPACE, VERSION = "http://www.dmg.org/PMML-4_4", "4.4"
PRECISION = "1e-9"
# What XML cannot hold, even escaped.
FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def document(model: ItemModel) -> bytes:
    """The document as UTF-8; the same model gives the same bytes."""
    model.check()
    names = names_of(model)
    root = Element("PMML", {"xmlns": NAMESPACE, "version": VERSION})
    _header(root, model, names)
    _dictionary(root, model, names)
    parts = named_in(model.point, *model.outputs.values())
    forests = [part for part in parts if isinstance(part.formula, Forest)]
    if forests:
        _chain(root, model, names, parts, forests)
    else:
        root.append(_regression(model, names, parts))
    indent(root)
    return b'<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(root, "utf-8") + b"\n"


def text_of(text: str) -> str:
    """``text`` with what XML cannot hold written as in Python.

    >>> text_of("lamp" + chr(1))
    'lamp\\\\x01'
    """
    return FORBIDDEN.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def number(value: float) -> str:
    """The shortest text that is read as the same number."""
    return repr(float(value))


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
    step = _field(dictionary, "DataField", names.step, "integer", names.step_meaning(model))
    limits = {"closure": "closedClosed", "leftMargin": "1", "rightMargin": str(model.horizon)}
    SubElement(step, "Interval", limits)
    for place, name in enumerate(names.latest):
        _field(dictionary, "DataField", name, "double", names.latest_meaning(place))
    _field(dictionary, "DataField", names.target, "double", "the point forecast")


def _field(parent: Element, kind: str, name: str, data_type: str, meaning: str) -> Element:
    attributes = {"name": name, "optype": "continuous", "dataType": data_type}
    if meaning:
        attributes["displayName"] = text_of(meaning)
    return SubElement(parent, kind, attributes)


def _schema(parent: Element, model: ItemModel, names: Names, inner: Iterable[str] = ()) -> None:
    schema = SubElement(parent, "MiningSchema")
    _step_field(schema, names)
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


def _step_field(schema: Element, names: Names) -> None:
    refusals = dict.fromkeys(("invalidValueTreatment", "missingValueTreatment"), "returnInvalid")
    SubElement(schema, "MiningField", {"name": names.step, **refusals})


def _regression(model: ItemModel, names: Names, parts: Iterable[Named]) -> Element:
    made = Element("RegressionModel", {"functionName": "regression", "modelName": text_of(model.item.name)})
    _schema(made, model, names)
    _outputs(made, model, names)
    _targets(made, model, names)
    derived = SubElement(made, "LocalTransformations")
    for part in parts:
        _derive(derived, part, names)
    _add_up(made, model, names)
    made.append(_verification(model, names))
    return made


def _derive(parent: Element, part: Named, names: Names) -> None:
    field = _field(parent, "DerivedField", names.derived[part.name], "double", part.meaning)
    field.append(expression(part.formula, names))


def _add_up(parent: Element, model: ItemModel, names: Names) -> None:
    table = SubElement(parent, "RegressionTable", {"intercept": "0"})
    SubElement(table, "NumericPredictor", {"name": names.derived[model.point.name], "coefficient": "1"})


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
        _row(table, dict(zip(columns.values(), (str(step), *map(number, row)), strict=True)))
    return made


def _row(table: Element, cells: Mapping[str, str]) -> None:
    row = SubElement(table, "row")
    for name, text in cells.items():
        SubElement(row, name).text = text


def expression(formula: Formula, names: Names) -> Element:
    """A formula as a PMML expression."""

    def apply(function: str, *parts: Element) -> Element:
        made = Element("Apply", {"function": function})
        made.extend(parts)
        return made

    def written(part: Formula) -> Element:
        return expression(part, names)

    match formula:
        case Step():
            return _reference(names.step)
        case Number(value=value):
            made = Element("Constant", {"dataType": "double"})
            made.text = number(value)
            return made
        case Table(numbers=numbers):
            return _lookup(numbers, names)
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
            terms = zip(names.latest, weights, strict=True)
            return apply("sum", *(apply("*", _reference(name), _lookup(row, names)) for name, row in terms))
        case Named(name=name):
            return _reference(names.derived[name])
        case Forest():
            raise TypeError("a forest is a model of its own, not an expression")


def _reference(name: str) -> Element:
    return Element("FieldRef", {"field": name})


def _lookup(numbers: Iterable[float], names: Names) -> Element:
    """What is given for each step; a missing one has no row, and stays missing."""
    made = Element("MapValues", {"outputColumn": "value", "dataType": "double"})
    SubElement(made, "FieldColumnPair", {"field": names.step, "column": "step"})
    table = SubElement(made, "InlineTable")
    for step, value in enumerate(numbers, 1):
        if not np.isnan(value):
            _row(table, {"step": str(step), "value": number(value)})
    if not len(table):  # which must have a row
        _row(table, {"step": "0", "value": "0"})
    return made


def _chain(root: Element, model: ItemModel, names: Names, parts: list[Named], forests: list[Named]) -> None:
    """Each forest is a model of its own, whose output the regression at the end reads."""
    features = named_in(*(feature for part in forests for feature in parts_of(part.formula)))
    dictionary = Element("TransformationDictionary")
    for feature in features:
        _derive(dictionary, feature, names)
    root.append(dictionary)
    made = SubElement(
        root, "MiningModel", {"functionName": "regression", "modelName": text_of(model.item.name)}
    )
    _schema(made, model, names)
    chain = SubElement(made, "Segmentation", {"multipleModelMethod": "modelChain"})
    for forest in forests:
        segment = _segment(chain)
        inner = SubElement(segment, "MiningModel", {"functionName": "regression"})
        _step_field(SubElement(inner, "MiningSchema"), names)
        output = SubElement(inner, "Output")
        attributes = {"optype": "continuous", "dataType": "double", "feature": "predictedValue"}
        SubElement(output, "OutputField", {"name": names.derived[forest.name], **attributes})
        _trees(inner, forest.formula, names)
    last = SubElement(_segment(chain), "RegressionModel", {"functionName": "regression"})
    _schema(last, model, names, [names.derived[forest.name] for forest in forests])
    _outputs(last, model, names)
    _targets(last, model, names)
    derived = SubElement(last, "LocalTransformations")
    for part in parts:
        if part not in features and part not in forests:
            _derive(derived, part, names)
    _add_up(last, model, names)
    made.append(_verification(model, names))


def _segment(parent: Element) -> Element:
    segment = SubElement(parent, "Segment", {"id": str(len(parent) + 1)})
    SubElement(segment, "True")
    return segment


def _trees(parent: Element, forest: Formula, names: Names) -> None:
    assert isinstance(forest, Forest)  # noqa: S101  # the caller looked
    features = {place: names.derived[feature.name] for place, feature in forest.features.items()}
    total = SubElement(parent, "Segmentation", {"multipleModelMethod": "sum"})
    for tree in forest.trees:
        made = SubElement(
            _segment(total),
            "TreeModel",
            {
                "functionName": "regression",
                "missingValueStrategy": "none",
                "splitCharacteristic": "binarySplit",
            },
        )
        _step_field(SubElement(made, "MiningSchema"), names)
        node = SubElement(made, "Node")
        SubElement(node, "True")
        _grow(node, tree, features)


def _grow(node: Element, tree: Tree, features: Mapping[int, str]) -> None:
    """Below ``node``: to the left where the predicate holds, to the right where it does not or is unknown."""
    if isinstance(tree, Leaf):
        node.set("score", number(tree.value))
        return
    left, right = SubElement(node, "Node"), SubElement(node, "Node")
    left.append(_predicate(tree, features[tree.feature]))
    SubElement(right, "True")
    _grow(left, tree.left, features)
    _grow(right, tree.right, features)


def _predicate(split: Split, field: str) -> Element:
    if split.categories:
        made = Element("SimpleSetPredicate", {"field": field, "booleanOperator": "isIn"})
        values = SubElement(made, "Array", {"type": "real", "n": str(len(split.categories))})
        values.text = " ".join(map(str, split.categories))
        return made
    made = Element(
        "SimplePredicate", {"field": field, "operator": "lessOrEqual", "value": number(split.threshold)}
    )
    if not split.missing_left:
        return made
    either = Element("CompoundPredicate", {"booleanOperator": "or"})
    SubElement(either, "SimplePredicate", {"field": field, "operator": "isMissing"})
    either.append(made)
    return either
