"""From the bytes of params.json to ``Params``, with every problem found on the way."""

import difflib
import json
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from stepcast.pipeline.params import Params
from stepcast.pipeline.problems import Problem
from stepcast.pipeline.rules import RULES

__all__ = ["read_params"]

RULE_OF_FIELD = {"ForecastTypes": "V14", "NumberOfBacktestWindows": "V15", "BackTestWindowOffset": "V15"}


def read_params(body: bytes) -> tuple[Params | None, list[Problem]]:
    """The parameters, or None if there is an error, and every problem: errors and warnings."""
    try:
        raw = json.loads(body.decode("utf-8-sig"), object_pairs_hook=_refuse_duplicates)
    except UnicodeDecodeError as error:
        return None, [_form(f"it is not UTF-8 text (byte {error.start})", "Save it as UTF-8")]
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        return None, [_form(f"it is not JSON: {error.msg} at {place}", "Mend it there", line=error.lineno)]
    except (ValueError, RecursionError) as error:
        return None, [_form(str(error), "Mend it")]
    if not isinstance(raw, dict):
        return None, [
            _form(f"it holds {type(raw).__name__}, not an object", 'Begin with {"DatasetGroup": ...}')
        ]
    problems = [problem for rule in RULES for problem in rule(raw)]
    try:
        params = Params.model_validate(raw)
    except ValidationError as error:
        form = [_explain(detail) for detail in error.errors(include_url=False) if not _echoes(detail)]
        return None, [*form, *problems]
    return (None if any(problem.severity == "error" for problem in problems) else params), problems


def _refuse_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = [name for name, _ in pairs]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"the key {twice[0]!r} stands twice in one object")
    return dict(pairs)


def _form(message: str, remedy: str, path: str = "$", line: int | None = None) -> Problem:
    return Problem("params", "error", message, remedy, path=path, file="params.json", line=line)


def _echoes(detail: ErrorDetails) -> bool:
    """Whether it only says that a list is too short because its elements were wrong."""
    return detail["type"] == "too_short" and len(detail["input"]) >= detail["ctx"]["min_length"]


def _explain(detail: ErrorDetails) -> Problem:
    places = detail["loc"]
    path = "$" + "".join(f"[{place}]" if isinstance(place, int) else f".{place}" for place in places)
    name = next((str(place) for place in reversed(places) if isinstance(place, str)), "")
    kind, context, given = detail["type"], detail.get("ctx", {}), detail["input"]
    rule = RULE_OF_FIELD.get(name, "V17" if name.endswith("Name") else "params")
    shown = json.dumps(given, default=str)
    shown = shown if len(shown) <= 80 else shown[:77] + "..."
    if kind == "missing":
        return Problem("params", "error", "it is missing", f"Add {name!r}", path=path)
    if kind == "extra_forbidden":
        allowed = _keys_at(places[:-1])
        close = difflib.get_close_matches(name, allowed, 1)
        remedy = f"Did you mean {close[0]!r}?" if close else f"Allowed are {', '.join(allowed)}"
        return Problem("params", "error", f"there is no key {name!r}", remedy, path=path)
    if kind == "literal_error":
        return Problem(
            rule, "error", f"{shown} is not allowed", f"Write one of {context['expected']}", path=path
        )
    if kind == "string_pattern_mismatch":
        remedy = "Begin with a letter, then letters, digits and _; 63 characters at most"
        return Problem(rule, "error", f"{shown} is not a valid name", remedy, path=path)
    if kind == "value_error":
        return Problem(rule, "error", f"{shown} is not allowed", _sentence(str(context["error"])), path=path)
    return Problem(
        rule,
        "error",
        f"{shown} is not allowed",
        detail["msg"].replace("Input should", "It should"),
        path=path,
    )


def _keys_at(places: tuple[int | str, ...]) -> list[str]:
    """The keys that the object at ``places`` may have."""
    model: type[BaseModel] = Params
    for place in places:
        if isinstance(place, str):
            field = next(field for field in model.model_fields.values() if field.alias == place)
            model = _model_in(field.annotation) or model
    return [str(field.alias) for field in model.model_fields.values()]


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """The model inside ``Model``, ``tuple[Model, ...]`` or ``Model | None``."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for part in getattr(annotation, "__args__", ()) if (found := _model_in(part))), None)


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]
