"""Find the selectors in a PromQL expression, with as much of its grammar as that needs.

Source: https://prometheus.io/docs/prometheus/latest/querying/basics/
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

__all__ = ["Selector", "observed", "quoted", "selectors"]

TOKEN = re.compile(
    r"""(?P<blank>\s+|\#[^\n]*)
      | (?P<string>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]*`)
      | (?P<number>(?:\d[\w.]*)(?:[eE][+-]?\d+)?)
      | (?P<name>[a-zA-Z_][a-zA-Z0-9_:]*)
      | (?P<sign>.)""",
    re.VERBOSE | re.DOTALL,
)
GROUPING = {"by", "without", "on", "ignoring", "group_left", "group_right"}
WORDS = GROUPING | {"and", "or", "unless", "offset", "bool", "atan2", "inf", "nan", "start", "end"}
# Functions that take a counter.
COUNTED = {
    "rate",
    "irate",
    "increase",
    "resets",
    "absent",
    "absent_over_time",
    "count",
    "group",
    "count_over_time",
}
TIMED = {"timestamp", "absent"}  # their result does not depend on the latest value itself
PARENTHESES = {"(": ")", "{": "}", "[": "]"}


@dataclass(frozen=True)
class Selector:
    """``name`` is that of the metric, empty if only ``matchers`` (the text within braces) select it.

    ``counted`` is whether an enclosing function takes a counter: ``rate``, ``increase``...
    """

    name: str
    matchers: str
    counted: bool

    def narrowed(self, labels: Mapping[str, str]) -> str:
        """The selector of the series that also have these labels."""
        more = [f"{name}={quoted(value)}" for name, value in sorted(labels.items()) if name != "__name__"]
        given = [self.matchers.strip().rstrip(",")] if self.matchers.strip() else []
        return f"{self.name}{{{', '.join([*given, *more])}}}"


def quoted(value: str) -> str:
    r"""Any text as a PromQL string literal.

    >>> print(quoted('a"b\\c'))
    "a\"b\\c"
    """
    return json.dumps(value, ensure_ascii=False)


def selectors(expression: str) -> list[Selector]:
    """The distinct selectors of an expression; those that cannot be parsed are left out.

    >>> for found in selectors('sum by (job) (rate(http_requests_total{code="200"}[5m])) / node_load1'):
    ...     print(found)
    Selector(name='http_requests_total', matchers='code="200"', counted=True)
    Selector(name='node_load1', matchers='', counted=False)
    """
    return list(dict.fromkeys(place.selector for place in _places(_words(expression))))


def observed(expression: str, milliseconds: int) -> str:
    """The expression, limited to values sampled at most ``milliseconds`` before each moment.

    For a metric without a range, the server returns the latest value of the last five minutes. A selector
    with an offset is not changed, and neither is an expression with a subquery.

    >>> observed('node_load1 / on (instance) rate(x[5m])', 59_999)
    'last_over_time(node_load1[59999ms]) / on (instance) rate(x[5m])'
    """
    words = _words(expression)
    if any(word.text == ":" for word in words):
        return expression
    made, done = "", 0
    for place in _places(words):
        if place.takes_latest:
            chosen = expression[place.start : place.end]
            made += f"{expression[done : place.start]}last_over_time({chosen}[{milliseconds}ms])"
            done = place.end
    return made + expression[done:]


class _Word(NamedTuple):
    kind: str
    text: str
    start: int
    end: int


class _Place(NamedTuple):
    selector: Selector
    start: int
    end: int
    takes_latest: bool


def _words(expression: str) -> list[_Word]:
    found = (_Word(str(one.lastgroup), one[0], *one.span()) for one in TOKEN.finditer(expression))
    return [word for word in found if word.kind != "blank"]


def _places(words: list[_Word]) -> Iterator[_Place]:
    around: list[str] = []  # the functions whose parentheses are open
    number = 0
    while number < len(words):
        kind, word, start, _ = words[number]
        after = _text(words, number + 1)
        if kind == "name" and word.lower() in GROUPING and after == "(":
            number = _closed(words, number + 1)
        elif kind == "name" and (word.lower() in WORDS or after == "(" or after.lower() in ("by", "without")):
            if after == "(":
                around.append(word.lower())
                number += 1
        elif kind == "name" or word == "{":
            name, brace = (word, number + 1) if kind == "name" else ("", number)
            matchers = ""
            if _text(words, brace) == "{":
                number = _closed(words, brace)
                matchers = "".join(one.text for one in words[brace + 1 : number])
            if name or matchers:
                counted = any(one in COUNTED for one in around)
                latest = _text(words, number + 1).lower() not in ("[", "offset", "@")
                end = words[min(number, len(words) - 1)].end
                yield _Place(
                    Selector(name, matchers, counted), start, end, latest and TIMED.isdisjoint(around)
                )
        elif word == "[":
            number = _closed(words, number)
        elif word == "(":
            around.append("")
        elif word == ")" and around:
            around.pop()
        number += 1


def _text(words: list[_Word], number: int) -> str:
    return words[number].text if number < len(words) else ""


def _closed(words: list[_Word], opened: int) -> int:
    """The index of the bracket that closes the one at ``opened``."""
    opening, depth = words[opened].text, 0
    for number in range(opened, len(words)):
        depth += {opening: 1, PARENTHESES[opening]: -1}.get(words[number].text, 0)
        if depth == 0:
            return number
    return len(words)
