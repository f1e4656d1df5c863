"""stepcast.toml in the working folder: default options for ``stepcast up``."""

import difflib
import tomllib
from pathlib import Path
from typing import Any

from stepcast.cli.failure import Failure

__all__ = ["FILE", "UP", "settings"]

FILE = "stepcast.toml"
UP: dict[str, type] = {
    "port": int,
    "region": str,
    "bucket": str,
    "email": str,
    "settle-seconds": int,
    "state": str,
    "ephemeral": bool,
    "quiet": bool,
    "host": str,
    "auth": bool,
    "allow-origin": list,
    "iam": bool,
}
WORDS = {
    int: "an integer",
    str: "a string in quotes",
    bool: "true or false",
    list: 'strings in brackets, such as ["http://localhost:3000"]',
}


def settings(path: Path) -> dict[str, dict[str, Any]]:
    """The settings in the file, by command and parameter; empty if there is no file.

    Failure for an unknown key or a value of the wrong type, with what to write instead.
    """
    try:
        given = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Failure(f"{path} is not TOML: {error}") from None
    for name in given:
        if name != "up":
            hint = f"put {name} below a line [up]" if name in UP else "write [up] and its options below"
            raise Failure(f"{path}: unknown name {name!r}: {hint}")
    if not isinstance(table := given.get("up", {}), dict):
        raise Failure(f"{path}: up is not a table: write [up] and its options below")
    for key, value in table.items():
        if key not in UP:
            raise Failure(f"{path}: unknown option {key!r} in [up]: {_nearest(key)}")
        texts = not isinstance(value, list) or all(isinstance(one, str) for one in value)
        if type(value) is not UP[key] or not texts:
            raise Failure(f"{path}: {key} is {value!r}: write {WORDS[UP[key]]}")
    chosen = {key.replace("-", "_"): value for key, value in table.items()}
    return {"up": chosen, "down": {"state": chosen["state"]} if "state" in chosen else {}}


def _nearest(key: str) -> str:
    close = difflib.get_close_matches(key.replace("_", "-"), UP, n=1, cutoff=0.5)
    known = f"options: {', '.join(UP)}"
    return f"did you mean {close[0]!r}? {known}" if close else known
