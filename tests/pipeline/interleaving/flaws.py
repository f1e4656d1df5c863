"""What is wrong with a bucket and its tables when nothing runs any more."""

import json
import re
from collections.abc import Iterator

from stepcast.pipeline import layout, tables, vintages
from stepcast.pipeline.run import fingerprint
from tests.pipeline.interleaving.world import BUCKET, World

__all__ = ["Objects", "flaws", "forecast_of"]


Objects = dict[str, bytes]


def flaws(world: World, expected: dict[str, Objects]) -> list[str]:
    """One line each; ``expected`` has what undisturbed runs leave, by run, as forecast_of finds it."""
    return list(_flaws(world, expected))


def forecast_of(world: World, vintage: str) -> Objects:
    """Every object that bears the vintage's name, without that name; documents with times as nothing."""
    found = {}
    for key in world.under():
        if _bears(key, vintage):
            body = b"" if key.endswith((".json", ".parquet")) else world.body(key)
            found[_without(key, vintage)] = body
    return found


# Not kept for history: rows, what a predictor forecasts again from, what the monitor found before it.
OF_THE_CURRENT = re.compile("datasets/|predictors/|monitor/[^/]+/(monitor|drift)/")


def _flaws(world: World, expected: dict[str, Objects]) -> Iterator[str]:
    for execution in world.executions.values():
        if execution.status != "SUCCEEDED":
            yield f"{execution.arn} ended as {execution.status}: {execution.data}"
    wanted = fingerprint(world.s3, BUCKET)
    there = vintages.names(world.s3, BUCKET)
    current = vintages.current(world.s3, BUCKET)
    if current is None or current.run != wanted or there != [current.vintage]:
        yield f"forecast/ has {there}; the newest published is of run {current and current.run}, not {wanted}"
        return
    yield from _differences(forecast_of(world, current.vintage), expected[current.run], "current forecast")
    catalog = world.tables()
    for table in (tables.FORECAST, tables.WIDE, tables.TRAIN, tables.ACCURACY, tables.LEADERBOARD):
        if not _bears(catalog[table]["Location"] + "/", current.vintage):
            yield f"table {table} is at {catalog[table]['Location']}, not at {current.vintage}"
        if catalog[table]["Parameters"]["stepcast.vintage"] != current.vintage:
            yield f"table {table} says that it is of another vintage"
    history = vintages.names(world.s3, BUCKET, layout.HISTORY)
    if list(catalog[tables.HISTORY]["Partitions"]) != history:
        yield f"{history} are in history/, {catalog[tables.HISTORY]['Partitions']} in the table"
    for vintage in history:
        manifest = vintages.read(world.s3, BUCKET, vintage, layout.HISTORY)
        if manifest is None:
            yield f"history/{vintage}/ has no manifest"
            continue
        moved = {
            key.replace(layout.FORECAST, layout.HISTORY, 1) if key.startswith(layout.FORECAST) else key: body
            for key, body in expected[manifest.run].items()
            if not OF_THE_CURRENT.match(key)
        }
        yield from _differences(forecast_of(world, vintage), moved, f"history of {vintage}")
    known = (
        layout.PARAMS,
        layout.TRAIN,
        layout.HISTORY,
        "reports/",
        "resources/dataset",
        "resources/monitor/",
    )
    for key in world.under():
        if _bears(key, current.vintage) or any(_bears(key, vintage) for vintage in history):
            if not key.startswith("runs/"):
                continue
        elif key.startswith(known) and "import-job" not in key:
            continue
        yield f"left behind: {key}"
    report = json.loads(world.body(layout.report(current.run, "json")))
    if len(report["problems"]) != len({json.dumps(problem) for problem in report["problems"]}):
        yield f"the report says the same twice: {report['problems']}"


def _differences(found: Objects, expected: Objects, what: str) -> Iterator[str]:
    for key in sorted(found.keys() | expected.keys()):
        if key not in found:
            yield f"{what}: {key} is missing"
        elif key not in expected:
            yield f"{what}: {key} is too much"
        elif found[key] != expected[key]:
            yield f"{what}: {key} is another"


def _bears(key: str, vintage: str) -> bool:
    return any(f"{mark}{end}" in key for mark in (vintage, vintage.replace("-", "")) for end in "/.")


def _without(key: str, vintage: str) -> str:
    for mark in (vintage, vintage.replace("-", ""), layout.second_of(vintage)):
        key = key.replace(mark, "VINTAGE")
    return key
