"""Whether the import of a mutated input ended correctly: with the right totals, or naming the location."""

import json
import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from stepcast.pipeline import layout
from stepcast.pipeline.problems import Problem
from tests.fuzz.good_files import Good, good_inputs
from tests.fuzz.mutations import Mutated, original
from tests.pipeline.imports import by_pandas, check_keys, differences

__all__ = ["verdict"]


def verdict(good: Good, mutated: Mutated) -> tuple[str, str | None]:
    """How it ended (``refused``, ``warned``, ``same totals``), and what is wrong with that, or None."""
    with tempfile.TemporaryDirectory() as folder:
        keys = _write(good, mutated.files, Path(folder))
        try:
            checked = check_keys(keys)
        except Exception as crash:  # whatever it is, it is a finding
            return "crashed", repr(crash)
        report, before = checked.report, _before(good.name)
        named = any(_names(problem, mutated) for problem in report.problems if problem not in before)
        told = "; ".join(f"{problem.severity} {problem}" for problem in report.problems[:3])
        if report.errors:
            return "refused", None if named else f"errors that do not name the place: {told}"
        try:
            wanted = by_pandas(keys)
        except (ValueError, KeyError) as error:
            return "read", None if named else f"pandas cannot read what the import read ({error}); {told}"
        if (apart := differences(checked.totals, wanted)) and not named:
            return "read", f"other totals than pandas: {apart[0]}; {told}"
        if mutated.told and not named:
            return "read", f"{mutated.told}, and nothing names the place; {told}"
        return ("warned" if named else "same totals"), None


@cache
def _before(name: str) -> list[Problem]:
    """The problems that the good input already has, which the mutation did not cause."""
    good = next(good for good in good_inputs() if good.name == name)
    with tempfile.TemporaryDirectory() as folder:
        checked = check_keys(_write(good, {key: original(good, key) for key in good.rows}, Path(folder)))
    return checked.report.problems


def _write(good: Good, files: Mapping[str, bytes], folder: Path) -> dict[str, Path]:
    keys = {}
    for number, (key, content) in enumerate({**files, layout.PARAMS: b""}.items()):
        keys[key] = folder / str(number)
        keys[key].write_bytes(content)
    keys[layout.PARAMS].write_text(json.dumps(good.params))
    return keys


def _names(problem: Problem, mutated: Mutated) -> bool:
    """Whether the problem leads to the mutated place: its line or item, or the file where all of it is."""
    if problem.file != mutated.file and problem.file != layout.TRAIN:
        return False
    if mutated.lines is None:
        return True
    text = f"{problem.message} {problem.remedy}"
    items = {item for item in mutated.items if item}
    return (
        problem.line in mutated.lines
        or any(problem.item is not None and item in problem.item for item in items)
        or any(repr(item)[1:-1] in text for item in items)
        or (problem.line is None and problem.item is None and problem.file == mutated.file)
    )
