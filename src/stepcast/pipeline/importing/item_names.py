"""Names of items that are easily mistaken for one another."""

from collections.abc import Iterable

from stepcast.pipeline import layout
from stepcast.pipeline.importing.wording import shown
from stepcast.pipeline.problems import Problem, Report

__all__ = ["check_names"]


def check_names(keys: Iterable[tuple[str, ...]], report: Report) -> None:
    """V05, a warning: names with a blank around them, as files with blanks after their commas have."""
    odd = [key for key in keys if any(part != part.strip() for part in key)]
    if odd:
        example = next(part for part in odd[0] if part != part.strip())
        what = f"{len(odd):,} series have a name with a blank around it, for example {shown(example)}"
        remedy = "Remove blanks around names, unless they are part of them"
        report.add(Problem("V05", "warning", what, remedy, file=layout.TRAIN))
