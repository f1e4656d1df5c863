"""Names of items that are easily confused."""

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from stepcast.pipeline import layout
from stepcast.pipeline.importing.entries.alike import difference, look_alikes
from stepcast.pipeline.importing.entries.series_keys import SeriesKeys
from stepcast.pipeline.importing.files.no_data import TOTALS
from stepcast.pipeline.importing.quoting import listed, shown
from stepcast.pipeline.problems import Problem, Report
from stepcast.pipeline.spelling import letters

__all__ = ["check_names"]

# Names in quotes, with a leading apostrophe or as a spreadsheet formula, and backslash-escaped quotes.
QUOTED = re.compile(r"""(?s)=?(["'`]).+\1|'\d.*|[^"]*\\[^"]*"[^"]*""")
NO_NAMES = {"nan", "null", "none", "(null)", "<na>", "#n/a", "nat", "undefined"}
FEW = 10  # times as many values has the longest series
SHOWN = 5  # groups of names


def check_names(keys: SeriesKeys, names: Sequence[str], values: NDArray[np.int64], report: Report) -> None:
    """V05, warnings: names with surrounding spaces, names that look alike, placeholders for a missing name.

    ``names`` are those of the columns of ``keys``; ``values`` is the number of values for each key.
    """
    odd = [key for key in keys if any(part != part.strip() for part in key)]
    if odd:
        example = next(part for part in odd[0] if part != part.strip())
        some = "1 series has a name" if len(odd) == 1 else f"{len(odd):,} series have names"
        what = f"{some} with leading or trailing spaces, for example {shown(example)}"
        remedy = "Remove these spaces, unless they are part of the names"
        report.add(Problem("V05", "warning", what, remedy, file=layout.TRAIN))
    missing = [key[0] for key in keys if key[0].strip().lower() in NO_NAMES]
    if missing:
        what = f"some items are named {listed(missing)}, which programs write for a missing name"
        remedy = "Write the item's name or delete its rows, unless this is its name"
        report.add(Problem("V05", "warning", what, remedy, file=layout.TRAIN))
    quoted = [part for key in keys for part in key if QUOTED.fullmatch(part)]
    if quoted:
        what = (
            f"{len(quoted):,} {'name contains' if len(quoted) == 1 else 'names contain'} quotes, for example "
            f"{shown(quoted[0])}"
        )
        remedy = "Remove the quotes, and double a quote inside a quoted name, unless they are intended"
        report.add(Problem("V05", "warning", what, remedy, file=layout.TRAIN))
    few = max(1, int(values.max()) // FEW)
    totals = [
        key[0] for key, count in zip(keys, values, strict=True) if letters(key[0]) in TOTALS and count <= few
    ]
    if totals and len(keys) > len(totals):
        what = f"{listed(totals)} has few values and looks like a row of totals; it is forecast as an item"
        report.add(
            Problem("V05", "warning", what, "Delete these rows, unless they are data", file=layout.TRAIN)
        )
    for place, name in enumerate(names):
        groups = look_alikes(list(dict.fromkeys(key[place] for key in keys)))
        if not groups:
            continue
        alike = "; ".join(f"{listed(group)} ({difference(*group[:2])})" for group in groups[:SHOWN])
        more = f"; and {len(groups) - SHOWN:,} more" if len(groups) > SHOWN else ""
        what = f"some values of {name!r} look alike: {alike}{more}. Each is forecast separately"
        remedy = "If they are the same item, use one spelling"
        report.add(Problem("V05", "warning", what, remedy, file=layout.TRAIN))
