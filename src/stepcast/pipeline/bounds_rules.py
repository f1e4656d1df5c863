"""Rules for Predictor.Bounds: what can hold, with these datasets and this algorithm."""

from collections.abc import Callable, Iterator
from typing import Any

from stepcast.pipeline.domains import DOMAINS, identifier_field
from stepcast.pipeline.params import ALGORITHM_ARN
from stepcast.pipeline.problems import Problem
from stepcast.pipeline.raw_params import Raw, at_keys, columns_of, dataset_of, error, warning
from stepcast.pipeline.spelling import did_you_mean

__all__ = ["BOUNDS_RULES"]

BOUNDS = "$.Predictor.Bounds"
SIDES = ("Minimum", "Maximum")
# What each likelihood of Deep_AR_Plus can draw, where that is not every number.
LIKELIHOODS = {"negative-binomial": (0.0, None), "beta": (0.0, 1.0)}


def bounds_leave_room(raw: Raw) -> Iterator[Problem]:
    """V16: one bound a side, at least one, and the minimum is less than the maximum."""
    given = at_keys(raw, "Predictor").get("Bounds")
    if not isinstance(given, dict):
        return
    for side in SIDES:
        if given.get(side) is not None and given.get(f"{side}Attribute") is not None:
            what = f"both {side} and {side}Attribute are given"
            yield error("V16", f"{BOUNDS}.{side}Attribute", what, "Keep one of them")
    if not any(given.get(key) is not None for side in SIDES for key in (side, f"{side}Attribute")):
        yield error("V16", BOUNDS, "no bound is given", "Add Minimum or Maximum, or remove Bounds")
    low, high = _number(given.get("Minimum")), _number(given.get("Maximum"))
    if low is not None and high is not None and low >= high:
        what = f"Minimum is {low:g} and Maximum is {high:g}"
        yield error("V16", f"{BOUNDS}.Minimum", what, "Write a minimum that is less than the maximum")


def bounds_are_attributes(raw: Raw) -> Iterator[Problem]:
    """V12: MinimumAttribute and MaximumAttribute are columns of the item metadata."""
    given, metadata = at_keys(raw, "Predictor", "Bounds"), dataset_of(raw, "ITEM_METADATA")
    for side in SIDES:
        name, path = given.get(f"{side}Attribute"), f"{BOUNDS}.{side}Attribute"
        if not isinstance(name, str):
            continue
        if metadata is None:
            what = f"{name!r} is to be a column of the item metadata, and there are none"
            yield error("V12", path, what, "Add a dataset of type ITEM_METADATA, or write a number instead")
            continue
        domain = metadata.get("Domain")
        item = identifier_field(domain) if domain in DOMAINS else "item_id"
        columns = [column for column in columns_of(metadata) if column != item]
        if name not in columns:
            remedy = f"{did_you_mean(name, columns)}It has {', '.join(columns) or 'no attribute'}"
            yield error("V12", path, f"{name!r} is not an attribute of the item metadata", remedy)


def algorithm_can_reach_the_bounds(raw: Raw) -> Iterator[Problem]:
    """V16: bounds outside of what a likelihood can draw contradict it."""
    predictor = at_keys(raw, "Predictor")
    names = (predictor.get("AutoMLNetwork"), str(predictor.get("AlgorithmArn")).removeprefix(ALGORITHM_ARN))
    likelihood = at_keys(raw, "Predictor", "TrainingParameters").get("likelihood")
    if "Deep_AR_Plus" not in names or likelihood not in LIKELIHOODS:
        return
    least, most = LIKELIHOODS[likelihood]
    low, high = (_number(at_keys(predictor, "Bounds").get(side)) for side in SIDES)
    remedy = "Choose another likelihood, for example student-T"
    if low is not None and low < least:
        what = f"{likelihood} draws no value below {least:g}, but Minimum is {low:g}"
        yield error("V16", f"{BOUNDS}.Minimum", what, f"{remedy}, or write {least:g} or more")
    if high is not None and high <= least:
        what = f"{likelihood} draws no value below {least:g}, but Maximum is {high:g}"
        yield error("V16", f"{BOUNDS}.Maximum", what, f"{remedy}, or write more than {least:g}")
    if high is not None and most is not None and high > most:
        what = f"{likelihood} draws no value above {most:g}, but Maximum is {high:g}"
        yield error("V16", f"{BOUNDS}.Maximum", what, f"{remedy}, or write {most:g} or less")


def gaps_are_filled_within_the_bounds(raw: Raw) -> Iterator[Problem]:
    """V16: warn where zero, the default filling, lies outside: the import refuses it where there is a gap."""
    low, high = (_number(at_keys(raw, "Predictor", "Bounds").get(side)) for side in SIDES)
    side = "Minimum" if low is not None and low > 0 else "Maximum" if high is not None and high < 0 else None
    if side is None or at_keys(raw, "Predictor", "FeaturizationConfig").get("Featurizations"):
        return
    what = f"gaps are filled with zero unless Featurizations say otherwise, which is outside of {side}"
    remedy = "Set middlefill and backfill to nan, or another method"
    yield warning("V16", f"{BOUNDS}.{side}", what, remedy)


def _number(given: Any) -> float | None:
    return float(given) if isinstance(given, int | float) and not isinstance(given, bool) else None


BOUNDS_RULES: tuple[Callable[[Raw], Iterator[Problem]], ...] = (
    bounds_leave_room,
    bounds_are_attributes,
    algorithm_can_reach_the_bounds,
    gaps_are_filled_within_the_bounds,
)
