"""Patterns of policies: ``*`` and ``?``, and variables such as ``${aws:username}``.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
"""

import re
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache

__all__ = ["Context", "matcher", "substituted", "variables_of"]

Context = Mapping[str, tuple[str, ...]]  # condition keys in lower case, and their values

_VARIABLE = re.compile(r"\$\{([^}]*)\}")
_LITERAL = {"*": "*", "?": "?", "$": "$"}  # ${*} is an asterisk


def variables_of(text: str) -> Iterator[str]:
    """The condition keys that a text's variables name, in lower case."""
    for match in _VARIABLE.finditer(text):
        if match[1] not in _LITERAL:
            yield _key(match[1])[0]


def substituted(text: str, context: Context) -> str | None:
    """The text with the values of its variables; None when one of them has no value."""
    parts = _parts(text, context)
    return None if parts is None else "".join(part for part, _ in parts)


@lru_cache(maxsize=4096)
def matcher(text: str, *, variables: bool, ignore_case: bool = False) -> Callable[[str, Context], bool]:
    """Whether a value matches the pattern, given the request's context.

    >>> matcher("s3:Get*", variables=False, ignore_case=True)("S3:getObject", {})
    True
    >>> matcher("home/${aws:username}/*", variables=True)("home/ann/a", {"aws:username": ("ann",)})
    True
    """
    if text == "*":
        return lambda *_: True
    if variables and _VARIABLE.search(text):

        def with_variables(value: str, context: Context) -> bool:
            parts = _parts(text, context)
            return parts is not None and _regex(parts, ignore_case).fullmatch(value) is not None

        return with_variables
    if not ignore_case and "*" not in text and "?" not in text:
        return lambda value, _: value == text
    fullmatch = _regex([(text, True)], ignore_case).fullmatch
    return lambda value, _: fullmatch(value) is not None


def _parts(text: str, context: Context) -> list[tuple[str, bool]] | None:
    """Pieces of a text, and whether asterisks and question marks in a piece are wildcards."""
    parts, end = [], 0
    for match in _VARIABLE.finditer(text):
        parts.append((text[end : match.start()], True))
        end = match.end()
        if match[1] in _LITERAL:
            parts.append((_LITERAL[match[1]], False))
            continue
        key, default = _key(match[1])
        value = context.get(key, () if default is None else (default,))
        if len(value) != 1:  # a variable of several values has none
            return None
        parts.append((value[0], False))
    parts.append((text[end:], True))
    return parts


def _key(inside: str) -> tuple[str, str | None]:
    """``aws:username, 'nobody'``: the key and its default."""
    key, comma, default = inside.partition(",")
    return key.strip().lower(), default.strip().strip("'") if comma else None


def _regex(parts: list[tuple[str, bool]], ignore_case: bool) -> re.Pattern[str]:
    made = ""
    for part, wild in parts:
        escaped = re.escape(part)
        made += escaped.replace(r"\*", ".*").replace(r"\?", ".") if wild else escaped
    return re.compile(made, re.DOTALL | (re.IGNORECASE if ignore_case else 0))
