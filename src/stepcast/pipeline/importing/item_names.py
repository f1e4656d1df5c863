"""Names of items that are easily mistaken for one another."""

from collections.abc import Sequence

from stepcast.pipeline import layout
from stepcast.pipeline.importing.alike import difference, look_alikes
from stepcast.pipeline.importing.series_keys import SeriesKeys
from stepcast.pipeline.importing.wording import listed, shown
from stepcast.pipeline.problems import Problem, Report

__all__ = ["check_names"]

SHOWN = 5  # groups of names


def check_names(keys: SeriesKeys, names: Sequence[str], report: Report) -> None:
    """V05, warnings: names with a blank around them, and names that a person takes for the same.

    ``names`` of the columns that the ``keys`` have.
    """
    odd = [key for key in keys if any(part != part.strip() for part in key)]
    if odd:
        example = next(part for part in odd[0] if part != part.strip())
        what = f"{len(odd):,} series have a name with a blank around it, for example {shown(example)}"
        remedy = "Remove blanks around names, unless they are part of them"
        report.add(Problem("V05", "warning", what, remedy, file=layout.TRAIN))
    for place, name in enumerate(names):
        groups = look_alikes(list(dict.fromkeys(key[place] for key in keys)))
        if not groups:
            continue
        alike = "; ".join(f"{listed(group)} ({difference(*group[:2])})" for group in groups[:SHOWN])
        more = f"; and {len(groups) - SHOWN:,} more" if len(groups) > SHOWN else ""
        what = f"different values of {name!r} look like one: {alike}{more}. Each has a forecast of its own"
        remedy = "Write what is one item in one way"
        report.add(Problem("V05", "warning", what, remedy, file=layout.TRAIN))
