"""Boosted trees as PMML tree models: https://dmg.org/pmml/v4-4-1/TreeModel.html."""

from collections.abc import Mapping
from xml.etree.ElementTree import Element, SubElement

from stepcast.connect.exchange.formulas import Forest
from stepcast.connect.exchange.trees import Leaf, Split, Tree
from stepcast.connect.pmml.elements import add_segment, add_step, number

__all__ = ["add_trees"]

TREE = {
    "functionName": "regression",
    "missingValueStrategy": "none",  # a predicate that is unknown does not hold
    "splitCharacteristic": "binarySplit",
}


def add_trees(parent: Element, forest: Forest) -> None:
    """The segments of a mining model that add up the trees."""
    features = {place: feature.name for place, feature in forest.features.items()}
    total = SubElement(parent, "Segmentation", {"multipleModelMethod": "sum"})
    for tree in forest.trees:
        made = SubElement(add_segment(total), "TreeModel", TREE)
        add_step(SubElement(made, "MiningSchema"))
        node = SubElement(made, "Node")
        SubElement(node, "True")
        _grow(node, tree, features)


def _grow(node: Element, tree: Tree, features: Mapping[int, str]) -> None:
    """Below ``node``: to the left where the predicate holds, else to the right."""
    if isinstance(tree, Leaf):
        node.set("score", number(tree.value))
        return
    left, right = SubElement(node, "Node"), SubElement(node, "Node")
    left.append(_predicate(tree, features[tree.feature]))
    SubElement(right, "True")
    _grow(left, tree.left, features)
    _grow(right, tree.right, features)


def _predicate(split: Split, field: str) -> Element:
    made = Element("SimplePredicate", {"field": field, "operator": "lessOrEqual"})
    made.set("value", number(split.threshold))
    if not split.missing_left:
        return made
    either = Element("CompoundPredicate", {"booleanOperator": "or"})
    SubElement(either, "SimplePredicate", {"field": field, "operator": "isMissing"})
    either.append(made)
    return either
