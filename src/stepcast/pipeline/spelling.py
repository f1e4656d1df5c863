"""Corrects the spelling of keys and values in params.json.

Only the documented spelling is accepted. Any other spelling is one problem with the correct form; all further
checks see the corrected document, so that a misspelling causes no other problems.
"""

import difflib
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel, TypeAdapter, ValidationError

from stepcast.pipeline.problems import Problem

__all__ = ["did_you_mean", "letters", "meant", "respelt"]

Model = type[BaseModel]


def respelt(document: dict[str, Any], model: Model) -> tuple[dict[str, Any], list[Problem]]:
    """``document`` in the spelling of ``model``, and a problem for each correction."""
    problems: list[Problem] = []
    return _object(document, model, "$", problems, model), problems


def meant(given: str, known: Iterable[str]) -> str | None:
    """The one of the ``known`` words that ``given`` matches except for case, separators or a typing error.

    >>> meant("forecast_horizon", ["ForecastHorizon", "ForecastTypes"])
    'ForecastHorizon'
    >>> meant("Predicter", ["Predictor", "Forecast"]), meant("Colour", ["Predictor"])
    ('Predictor', None)
    """
    known_letters = {letters(word): word for word in known}
    own = letters(given)
    if own in known_letters:
        return known_letters[own]
    close = difflib.get_close_matches(own, known_letters, 1, cutoff=0.8)
    return known_letters[close[0]] if close else None


def did_you_mean(given: Any, known: Iterable[str]) -> str:
    """The beginning of a remedy; empty if no word is similar.

    >>> did_you_mean("Zero", ["zero", "nan"])
    "Did you mean 'zero'? "
    """
    found = meant(given, known) if isinstance(given, str) else None
    return f"Did you mean {found!r}? " if found is not None else ""


def keys_of(model: Model) -> dict[str, Any]:
    """The allowed keys of an object, and their types."""
    return {str(field.alias): field.annotation for field in model.model_fields.values()}


def letters(word: str) -> str:
    """``word`` without case, spaces and separators, for comparison.

    >>> letters(" Item-ID ") == letters("item_id")
    True
    """
    return "".join(letter for letter in word.casefold() if letter.isalnum())


def _object(
    given: dict[str, Any], model: Model, path: str, problems: list[Problem], top: Model
) -> dict[str, Any]:
    known = keys_of(model)
    made: dict[str, Any] = {}
    for key, value in given.items():
        right = (
            key
            if key in known
            else meant(key, [name for name in known if name not in given and name not in made])
        )
        if right is None:
            made[key] = value
            problems.append(_unknown(key, known, path, top))
        else:
            if right != key:
                problems.append(_misspelt(key, right, f"{path}.{key}"))
            made[right] = _value(value, known[right], f"{path}.{right}", problems, top)
    return made


def _value(given: Any, annotation: Any, path: str, problems: list[Problem], top: Model) -> Any:
    if isinstance(given, dict) and (model := _within(annotation)) is not None:
        return _object(given, model, path, problems, top)
    if isinstance(given, list):
        return [
            _value(row, annotation, f"{path}[{number}]", problems, top) for number, row in enumerate(given)
        ]
    if isinstance(given, str) and (plain := _number_or_flag(annotation)) is not None:
        try:  # as the structure check reads it: rules must see the same
            return TypeAdapter(plain).validate_python(given)
        except ValidationError:
            return given
    words = _words(annotation)
    if isinstance(given, str) and words and given not in words and (right := meant(given, words)):
        what = f"{given!r} is not the documented spelling"
        problems.append(Problem("params", "error", what, f"Did you mean {right!r}?", path=path))
        return right
    return given


def _misspelt(key: str, right: str, path: str) -> Problem:
    return Problem("params", "error", f"there is no key {key!r}", f"Did you mean {right!r}?", path=path)


def _unknown(key: str, known: Iterable[str], path: str, top: Model) -> Problem:
    """The problem for a key that this object does not have; another object may have it."""
    own = meant(key, known)
    places = [place for place, name in _places(top, "$") if letters(name) == letters(key)]
    remedy = f"Allowed keys: {', '.join(known)}"
    if own is not None:
        remedy = f"Did you mean {own!r}? It is already present; keep one of the two"
    elif places:
        remedy = f"It belongs in {' or '.join(places[:2])}; move it there"
    return Problem("params", "error", f"there is no key {key!r}", remedy, path=f"{path}.{key}")


def _places(model: Model, path: str) -> Iterator[tuple[str, str]]:
    """The path and the name of every key at any depth."""
    for name, annotation in keys_of(model).items():
        yield f"{path}.{name}", name
        if (inner := _within(annotation)) is not None:
            yield from _places(inner, f"{path}.{name}" + ("[]" if _listed(annotation) else ""))


def _within(annotation: Any) -> Model | None:
    """The model inside ``Model``, ``tuple[Model, ...]`` or ``Model | None``."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for part in get_args(annotation) if (found := _within(part)) is not None), None)


def _listed(annotation: Any) -> bool:
    return get_origin(annotation) is tuple


def _number_or_flag(annotation: Any) -> type | None:
    """``int`` or ``bool``, if the field holds that or nothing."""
    kinds = {kind for kind in (*get_args(annotation), annotation) if kind in (int, bool)}
    if not kinds and (inner := [part for part in get_args(annotation) if get_args(part)]):
        return _number_or_flag(inner[0])
    return next(iter(kinds), None)


def _words(annotation: Any) -> Sequence[str]:
    """The values of a Literal, also if optional; except formats, in which case is significant."""
    if get_origin(annotation) is Literal:
        words = [word for word in get_args(annotation) if isinstance(word, str)]
        return words if all(re.fullmatch(r"\w+", word) for word in words) else []
    return [word for part in get_args(annotation) for word in _words(part)]
