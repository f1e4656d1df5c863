"""V16: what params.json says of tuning: PerformHPO, HPOConfig and Tuning."""

from collections.abc import Callable, Iterator
from importlib.util import find_spec
from typing import Any

from stepcast.engine.training_parameters import Parameter
from stepcast.engine.tuning.ranges import TUNABLE
from stepcast.pipeline.algorithm_support import SUPPORT
from stepcast.pipeline.params import ALGORITHM_ARN
from stepcast.pipeline.problems import Problem
from stepcast.pipeline.raw_params import Raw, at_keys, error, number_of, warning
from stepcast.pipeline.spelling import did_you_mean

__all__ = ["TUNING_RULES"]

HPO = "$.Predictor.PerformHPO"
RANGES = "$.Predictor.HPOConfig.ParameterRanges"
LISTS: dict[str, type] = {
    "CategoricalParameterRanges": str,
    "ContinuousParameterRanges": float,
    "IntegerParameterRanges": int,
}


def tuning_has_something_to_tune(raw: Raw) -> Iterator[Problem]:
    """PerformHPO with a named algorithm that has parameters to tune, and Optuna."""
    predictor = at_keys(raw, "Predictor")
    if predictor.get("PerformHPO") is not True:
        for key in ("HPOConfig", "Tuning"):
            if predictor.get(key):
                what = "PerformHPO is not true, so nothing would be tuned"
                yield error("V16", f"$.Predictor.{key}", what, f"Set PerformHPO to true, or remove {key}")
        return
    able = ", ".join(sorted(TUNABLE))
    if predictor.get("PerformAutoML") is True or not predictor.get("AlgorithmArn"):
        what = "the AutoPredictor has no parameters to tune: it weights its members for each item by itself"
        remedy = (
            f"Remove PerformHPO, or replace PerformAutoML by AlgorithmArn: {ALGORITHM_ARN} and one of {able}"
        )
        yield error("V16", HPO, what, remedy)
    elif (name := _algorithm(predictor)) in SUPPORT and name not in TUNABLE:
        remedy = f"Remove PerformHPO, or use one of {able}"
        yield error("V16", HPO, f"{name} has no parameters to tune", remedy)
    # Without NumPy this function is on AWS, and another one tunes.
    if find_spec("numpy") is not None and find_spec("optuna") is None:
        what = "it needs optuna, which this installation does not have"
        yield error("V16", HPO, what, "Run pip install 'stepcast[tune]', or remove PerformHPO")


def a_window_is_left_to_judge(raw: Raw) -> Iterator[Problem]:
    """A warning where the only window is tuned on: its score flatters."""
    predictor = at_keys(raw, "Predictor")
    windows = at_keys(predictor, "EvaluationParameters").get("NumberOfBacktestWindows", 1)
    if predictor.get("PerformHPO") is True and windows == 1:
        what = "parameters are tuned on the only backtest window, so its score flatters them"
        remedy = "Set NumberOfBacktestWindows to 2 or more: only the first in time is tuned on"
        yield warning("V16", "$.Predictor.EvaluationParameters.NumberOfBacktestWindows", what, remedy)


def ranges_fit_the_algorithm(raw: Raw) -> Iterator[Problem]:
    """Every range names a parameter of the algorithm once, in the list of its kind, within its limits."""
    predictor = at_keys(raw, "Predictor")
    known = TUNABLE.get(_algorithm(predictor) or "")
    config = predictor.get("HPOConfig")
    if known is None or not isinstance(config, dict):
        return
    given = at_keys(config, "ParameterRanges")
    rows = list(_rows(given))
    if "ParameterRanges" in config and not rows and not any(given.values()):
        remedy = "Add a range, or remove HPOConfig for the algorithm's own ranges"
        yield error("V16", RANGES, "it contains no range", remedy)
    met: dict[str, str] = {}
    for kind, at, row in rows:
        name = row.get("Name")
        if not isinstance(name, str):
            continue  # the structure check reports it
        if name not in known:
            remedy = f"{did_you_mean(name, known)}{_algorithm(predictor)} can be tuned by {', '.join(known)}"
            yield error("V16", f"{at}.Name", f"{name!r} cannot be tuned", remedy)
            continue
        if name in met:
            yield error(
                "V16", f"{at}.Name", f"{name!r} has a range at {met[name]} already", "Keep one of them"
            )
        met[name] = at
        parameter = known[name]
        if parameter.kind is not kind:
            right = next(key for key, of in LISTS.items() if of is parameter.kind)
            what = f"{name!r} is not {_described(kind)} but {_described(parameter.kind)}"
            yield error("V16", at, what, f"Move it to {right}")
        elif kind is str:
            yield from _values(at, row, parameter)
        else:
            yield from _numbers(at, row, parameter)


def _rows(given: Raw) -> Iterator[tuple[type, str, Raw]]:
    for key, kind in LISTS.items():
        listed = given.get(key)
        for number, row in enumerate(listed if isinstance(listed, list) else []):
            if isinstance(row, dict):
                yield kind, f"{RANGES}.{key}[{number}]", row


def _values(at: str, row: Raw, parameter: Parameter) -> Iterator[Problem]:
    values = row.get("Values")
    seen: list[Any] = []
    for number, value in enumerate(values if isinstance(values, list) else []):
        path = f"{at}.Values[{number}]"
        if not isinstance(value, str):
            continue  # the structure check reports it
        try:
            read = parameter.read(value)
        except ValueError as why:
            remedy = f"{did_you_mean(value, parameter.choices)}{str(why).capitalize()}"
            yield error("V16", path, f"{value!r} is not a value of {row['Name']}", remedy)
            continue
        if read in seen:
            yield error("V16", path, f"{value!r} is listed twice", "Remove it")
        seen.append(read)


def _numbers(at: str, row: Raw, parameter: Parameter) -> Iterator[Problem]:
    low, high = (_number(row.get(key)) for key in ("MinValue", "MaxValue"))
    scaling = row.get("ScalingType")
    for key, value in (("MinValue", low), ("MaxValue", high)):
        if value is not None and not parameter.low <= value <= parameter.high:
            remedy = f"Write a number from {parameter.low:g} to {parameter.high:g}"
            yield error("V16", f"{at}.{key}", f"{value:g} is outside the limits of {row['Name']}", remedy)
    if low is None or high is None:
        return
    if low > high:
        what = f"MinValue, {low:g}, is above MaxValue, {high:g}"
        yield error("V16", f"{at}.MinValue", what, "Exchange them")
    elif scaling == "Logarithmic" and low <= 0:
        what = f"a logarithmic scale cannot begin at {low:g}"
        yield error("V16", f"{at}.ScalingType", what, "Raise MinValue above 0, or use Linear")
    elif scaling == "ReverseLogarithmic" and parameter.kind is int:
        what = "whole numbers have no reverse logarithmic scale"
        yield error("V16", f"{at}.ScalingType", what, "Use Auto, Linear or Logarithmic")
    elif scaling == "ReverseLogarithmic" and not 0 <= low <= high < 1:
        what = f"a reverse logarithmic scale needs 0 <= x < 1, but the range is {low:g} to {high:g}"
        yield error("V16", f"{at}.ScalingType", what, "Use Auto, Linear or Logarithmic, or change the range")


def _number(given: Any) -> float | None:
    return None if isinstance(given, bool) else number_of(given)


def _algorithm(predictor: Raw) -> str | None:
    arn = predictor.get("AlgorithmArn")
    return arn.removeprefix(ALGORITHM_ARN) if isinstance(arn, str) else None


def _described(kind: type) -> str:
    return {str: "one of some values", float: "a number", int: "a whole number"}[kind]


TUNING_RULES: tuple[Callable[[Raw], Iterator[Problem]], ...] = (
    tuning_has_something_to_tune,
    a_window_is_left_to_judge,
    ranges_fit_the_algorithm,
)
