"""Reads the bytes of params.json into ``Params``, and collects every problem."""

import json
import re
from typing import get_args

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from stepcast.pipeline.frequency_words import frequency_remedy
from stepcast.pipeline.json_text import read_json
from stepcast.pipeline.params import Params, TimestampFormat
from stepcast.pipeline.problems import Problem
from stepcast.pipeline.rules import RULES
from stepcast.pipeline.spelling import respelt

__all__ = ["read_params"]

DAY, MOMENT = get_args(TimestampFormat)
RULE_OF_FIELD = {"ForecastTypes": "V14", "NumberOfBacktestWindows": "V15", "BackTestWindowOffset": "V15"}

# The types' names in databases and pandas.
TYPES = {
    word: kind
    for kind, words in {
        "string": "str text varchar char object category boolean bool",
        "integer": "int int32 int64 bigint long",
        "float": "double float32 float64 number numeric decimal real",
        "timestamp": "date datetime datetime64 time",
    }.items()
    for word in words.split()
}


def read_params(body: bytes) -> tuple[Params | None, list[Problem]]:
    """The parameters, or None if there is an error, and every problem: errors and warnings."""
    given, problem = read_json(body)
    if problem is not None:
        return None, [problem]
    if not isinstance(given, dict):
        kind = {list: "a list", str: "a string", type(None): "null"}.get(type(given), "a number")
        what, remedy = f"the file contains {kind}, not an object", 'Start with {"DatasetGroup": ...}'
        return None, [Problem("params", "error", what, remedy, path="$", file="params.json")]
    raw, misspelt = respelt(given, Params)
    found = [problem for rule in RULES for problem in rule(raw)]
    params = None
    try:
        params = Params.model_validate(raw)
    except ValidationError as error:
        details = error.errors(include_url=False)
        form = [_explain(detail) for detail in details if not _follows(detail)]
        problems = [*misspelt, *form, *found]
    else:
        problems = [*misspelt, *found]
    return (None if any(problem.severity == "error" for problem in problems) else params), problems


def _follows(detail: ErrorDetails) -> bool:
    """Whether another problem covers it: an unknown key, or a list that is short for wrong elements."""
    if detail["type"] == "extra_forbidden":
        return True
    return detail["type"] == "too_short" and len(detail["input"]) >= detail["ctx"]["min_length"]


def _explain(detail: ErrorDetails) -> Problem:
    places = detail["loc"]
    path = "$" + "".join(f"[{place}]" if isinstance(place, int) else f".{place}" for place in places)
    name = next((str(place) for place in reversed(places) if isinstance(place, str)), "")
    kind, context, given = detail["type"], detail.get("ctx", {}), detail["input"]
    rule = RULE_OF_FIELD.get(name, "V17" if name.endswith("Name") else "params")
    shown = json.dumps(given, default=str)
    shown = shown if len(shown) <= 80 else shown[:77] + "..."
    if name.endswith("Frequency") and isinstance(given, str | int):
        return Problem(rule, "error", f"{shown} is not allowed", frequency_remedy(str(given)), path=path)
    if kind == "tuple_type":
        return Problem(rule, "error", f"{shown} is not a list", f"Put it in brackets: [{shown}]", path=path)
    if kind == "missing":
        return Problem("params", "error", "the key is missing", f"Add {name!r}", path=path)
    if name == "TimestampFormat" and isinstance(given, str):
        return Problem(rule, "error", f"{shown} is not allowed", _format_remedy(given), path=path)
    if kind == "literal_error":
        remedy = f"Write one of {context['expected']}"
        if name == "AttributeType" and (usual := TYPES.get(str(given).lower())):
            remedy = f"Did you mean {usual!r}? {remedy}"
        return Problem(rule, "error", f"{shown} is not allowed", remedy, path=path)
    if kind == "string_type" and isinstance(given, int | float):
        remedy = f"Write it in quotes: {json.dumps(json.dumps(given))}"
        return Problem(rule, "error", f"{shown} is not a string", remedy, path=path)
    if kind == "string_pattern_mismatch":
        remedy = "Start with a letter, followed by letters, digits and _; at most 63 characters"
        return Problem(rule, "error", f"{shown} is not a valid name", remedy, path=path)
    if name == "ForecastTypes" and kind == "value_error":
        return Problem(rule, "error", f"{shown} is not allowed", _quantile_remedy(str(given)), path=path)
    if kind == "value_error":
        return Problem(rule, "error", f"{shown} is not allowed", _sentence(str(context["error"])), path=path)
    return Problem(
        rule,
        "error",
        f"{shown} is not allowed",
        detail["msg"].replace("Input should", "It should").replace("Tuple should", "The list should"),
        path=path,
    )


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def _quantile_remedy(given: str) -> str:
    """The remedy for a quantile in another notation."""
    allowed = "A forecast type is a quantile from 0.01 to 0.99 with at most two decimals, or mean"
    if given.strip().lower() == "mean":
        return f"Did you mean 'mean'? {allowed}"
    if given.strip().lower() == "median":
        return f"Did you mean '0.5'? {allowed}"
    percent = re.fullmatch(r"[pPqQ]?0*([1-9]\d?)\s*%?", given.strip())
    if percent is not None:
        return f"Did you mean '{int(percent[1]) / 100:g}'? {allowed}"
    return allowed


def _format_remedy(given: str) -> str:
    """The remedy for a timestamp format in another notation."""
    remedy = f"Write {DAY!r} or {MOMENT!r}"
    usual = re.fullmatch(r"(%Y|Y{4}|y{4})-(%m|M{2}|m{2})-(%d|D{2}|d{2})([ T'].*%?[HhTM].*)?", given.strip())
    if usual is None or "T" in (usual[4] or ""):  # rows then also have a T between day and time
        return f"{remedy}, and write the timestamps of the rows in that format"
    return f"Did you mean {MOMENT if usual[4] else DAY!r}? {remedy}"
