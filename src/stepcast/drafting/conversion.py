"""Rewrites a file into the format that the import reads: commas, UTF-8, ISO dates, decimal points."""

import csv
from functools import lru_cache
from pathlib import Path
from typing import Any

from stepcast.drafting.cells import MISSING, moment_of_cell, number_of_cell
from stepcast.drafting.draft import Draft
from stepcast.drafting.sample import ONE_ITEM, Sample, records
from stepcast.pipeline.importing.columns.timestamp_formats import DAY

__all__ = ["convert", "converted_params"]

STRFTIME = {True: "%Y-%m-%d", False: "%Y-%m-%d %H:%M:%S"}
KEPT_STAMPS = 100_000  # distinct ones that are cached


def convert(sample: Sample, made: Draft, to: Path) -> None:
    """Write the rows of all files of the sample to ``to``, which is new.

    Writes item, time and target, in the order of the draft's schema, and omits other columns. A cell that
    cannot be converted is written unchanged, so that the import reports its line.
    """
    names = list(sample.columns)
    picked = [names.index(name) for name in names if name not in made.roles.others]
    time, target = names.index(made.roles.time), names.index(made.roles.target)
    own = [] if made.roles.items else [ONE_ITEM]
    days = made.params["TimestampFormat"] == DAY

    @lru_cache(KEPT_STAMPS)
    def stamp(cell: str) -> str:
        moment = moment_of_cell(cell, made.roles.form, made.params.get("TimeZone"))
        return cell if moment is None else moment.strftime(STRFTIME[days])

    def number(cell: str) -> str:
        if cell.strip().lower() in MISSING:
            return ""
        value = number_of_cell(cell, comma=True) if made.comma else None
        return cell.strip() if value is None else repr(value)

    with to.open("x", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        for source in sample.files:
            for row in records(sample, source):
                cells = [
                    stamp(row[at]) if at == time else number(row[at]) if at == target else row[at]
                    for at in picked
                ]
                writer.writerow([*own, *cells])


def converted_params(made: Draft) -> dict[str, Any]:
    """The draft's params.json for the converted file, which has no other columns."""
    dataset = made.params["Datasets"][0]
    unused = {made.names[name] for name in made.roles.others}
    kept = [a for a in dataset["Schema"]["Attributes"] if a["AttributeName"] not in unused]
    params = {**made.params, "Datasets": [{**dataset, "Schema": {"Attributes": kept}}]}
    params.pop("TimeZone", None)  # the file has local time
    return params
