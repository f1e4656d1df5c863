"""A bucket's own CORS rules: which pages may use it from a browser.

Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/cors.html and .../API/RESTOPTIONSobject.html
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from localaws.gate.buckets import find_bucket

__all__ = ["Grant", "grant", "is_enabled"]


class Grant(NamedTuple):
    """What a rule grants to a page."""

    headers: list[tuple[str, str]]  # for the response
    by_name: bool  # the rule names this very origin, without a wildcard


def is_enabled(bucket: str) -> bool:
    """Whether the bucket has any rule."""
    found = find_bucket(bucket)
    return bool(found and found.cors)


def grant(bucket: str, origin: str, method: str, asked: Sequence[str], *, preflight: bool) -> Grant | None:
    """What the bucket's first rule that allows this origin, method and these headers grants."""
    found = find_bucket(bucket)
    for rule in (found.cors or ()) if found else ():
        allowed = next((one for one in _texts(rule.allowed_origins) if _matches(one, origin)), None)
        if allowed is None or method not in _texts(rule.allowed_methods):
            continue
        patterns = [pattern.lower() for pattern in _texts(rule.allowed_headers)]
        if not all(any(_matches(pattern, name) for pattern in patterns) for name in asked):
            continue
        return Grant(_headers(rule, origin, allowed, asked, preflight), "*" not in allowed)
    return None


def _headers(
    rule: Any, origin: str, allowed: str, asked: Sequence[str], preflight: bool
) -> list[tuple[str, str]]:
    headers = [
        ("Access-Control-Allow-Origin", "*" if allowed == "*" else origin),
        ("Access-Control-Allow-Methods", ", ".join(_texts(rule.allowed_methods))),
        ("Vary", "Origin, Access-Control-Request-Headers, Access-Control-Request-Method"),
    ]
    if allowed != "*":
        headers.append(("Access-Control-Allow-Credentials", "true"))
    if preflight and asked:
        headers.append(("Access-Control-Allow-Headers", ", ".join(asked)))
    if exposed := _texts(rule.exposed_headers):
        headers.append(("Access-Control-Expose-Headers", ", ".join(exposed)))
    if preflight and rule.max_age_seconds is not None:
        headers.append(("Access-Control-Max-Age", str(rule.max_age_seconds)))
    return headers


def _texts(given: Any) -> list[str]:
    """moto keeps a single text as it came in the XML."""
    return [given] if isinstance(given, str) else list(given or ())


def _matches(pattern: str, text: str) -> bool:
    return bool(_compiled(pattern).fullmatch(text))


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(".*".join(re.escape(part) for part in pattern.split("*")))
