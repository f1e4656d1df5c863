"""How quick the console is, by the number of items.

    python benchmarks/console_scale.py [--items 100000] [--browser]

Daily series of 400 days, their forecasts of 30 days in two vintages, the backtest and the leaderboard are put
into a bucket as Export writes them; the console answers over HTTP from the process that serves the bucket.
CPU is that of the whole process. Times are those of one request: the first, or the best of five.

With ``--browser``, Chromium opens the list, searches, and drags a chart of 17,520 points for two seconds.
Frames that took longer than 25 ms, one and a half of the screen's, count as dropped.
"""

import os

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[variable] = "1"  # before NumPy is imported

import argparse
import io
import json
import shutil
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from localaws import LocalAws
from stepcast.cli.stack import Stack
from stepcast.console.admission import Admission
from stepcast.console.application import ROOT, Console
from stepcast.engine.calendar import stamp_of
from stepcast.engine.frequency import Frequency
from stepcast.engine.panel import Metadata, Panel, Related
from stepcast.pipeline import layout, objects, tables, vintages
from stepcast.pipeline.csv_files import csv_bytes, parquet_bytes, stamps
from stepcast.pipeline.importing.target.plan import SERIES
from stepcast.pipeline.item_summary import item_summary
from stepcast.pipeline.shards import Shard, write_shard

BUCKET, PREDICTOR = "bucket", "Scale"
DAYS, END, HORIZON, HISTORY = Frequency.parse("D"), 20_000, 30, 400
POINTS = 17_520  # hours of two years
KINDS = ("lamp", "desk", "chair", "shelf", "rug", "vase", "clock")
WIDE = {"item_id": "string", "date": "string", "p10": "double", "p50": "double", "p90": "double"}


def publish(
    s3: Any, vintage: str, items: int, root: str = layout.FORECAST, history: int = HISTORY, seed: int = 0
) -> None:
    """Put a vintage of ``items`` daily series into the bucket, as a run that publishes it does."""
    chance = np.random.default_rng(seed)
    names = [f"{KINDS[number % len(KINDS)]}-{number:06}" for number in range(items)]
    predictor = layout.resource_name(PREDICTOR, vintage)
    wql = chance.gamma(2.0, 0.1, items)
    summaries = []
    for number, first in enumerate(range(0, items, SERIES)):
        own = names[first : first + SERIES]
        level = chance.gamma(2.0, 50.0, len(own))
        week = 1 + 0.3 * np.sin(np.arange(-history, HORIZON) * 2 * np.pi / 7)
        values = level[:, None] * week * chance.normal(1, 0.1, (len(own), history + HORIZON))
        past = tuple(values[:, :history])
        kinds = Metadata(("kind",), tuple((name.partition("-")[0],) for name in own))
        seen = tuple(np.ones(history, bool) for _ in own)
        price = 9.5 - (np.arange(history + HORIZON) % 50 > 40)  # known ahead
        related = Related(("price",), (price[None, :],) * len(own), HORIZON)
        panel = Panel(tuple(own), past, seen, END, DAYS, related, kinds)
        shard = Shard(("item_id",), tuple((name,) for name in own), panel)
        if root == layout.FORECAST:
            sink = io.BytesIO()
            write_shard(sink, shard)
            key = f"{layout.predictor(predictor, 'shards')}part-{number}.parquet"
            objects.write(s3, BUCKET, key, sink.getvalue())
            objects.write(s3, BUCKET, _backtest_key(predictor, number), csv_bytes(_backtest(own, values)))
        ahead = values[:, history:]
        text = pa.array(np.repeat(own, HORIZON))
        outputs = {f"p{q}": pa.array((ahead * (0.5 + q / 100)).ravel()) for q in (10, 50, 90)}
        table = pa.table(
            {"item_id": text, "date": _dates(END + 1, len(own), "%Y-%m-%dT%H:%M:%SZ"), **outputs}
        )
        key = layout.raw_part(vintage, "Scale_export", number).replace(layout.FORECAST, root, 1)
        objects.write(s3, BUCKET, key, csv_bytes(table))
        quantiles = np.stack([ahead * (0.5 + q / 100) for q in (10, 50, 90)], axis=2)
        summaries.append((shard, number, quantiles))
    board = {
        "item_id": [*names, None],
        "scope": ["item"] * items + ["all"],
        "model": ["AutoPredictor"] * (items + 1),
        "metric": ["AverageWeightedQuantileLoss"] * (items + 1),
        **{name: [*wql, 0.2] for name in ("score", "wql")},
        "wql_seasonal_naive": [*(wql * chance.uniform(0.9, 2.0, items)), 0.3],
        "coverage": [*chance.beta(8, 2, items), 0.8],
        "seasons": ["7"] * (items + 1),
        "weights": ["season 0.6, theta 0.3, log_ridge 0.1"] * (items + 1),
        "sources": ["errors of the members 1"] * (items + 1),
        "note": [None] * (items + 1),
    }
    sink = io.BytesIO()
    table = pa.table(board)
    rows = [
        item_summary(
            shard, number, quantiles, ("p10", "p50", "p90"), table.slice(number * SERIES, len(shard.keys))
        )
        for shard, number, quantiles in summaries
    ]
    summary = parquet_bytes(pa.concat_tables(rows).unify_dictionaries())
    objects.write(s3, BUCKET, layout.item_summary(root, vintage), summary)
    pq.write_table(table, sink)
    folder = layout.accuracy(predictor, tables.LEADERBOARD)
    objects.write(s3, BUCKET, f"{folder}part-0.parquet", sink.getvalue())
    ahead = stamp_of(END + 1 + np.arange(HORIZON), DAYS)
    manifest = vintages.Manifest(
        run="0" * 32,
        vintage=vintage,
        predictor=predictor,
        dataset="Scale",
        import_job="Scale",
        items=items,
        horizon=HORIZON,
        frequency="D",
        first=str(ahead[0]),
        last=str(ahead[-1]),
        train_columns={"item_id": "string", "timestamp": "string", "target_value": "double"},
        clean_columns={
            "item_id": "string",
            "timestamp": "string",
            "target_value": "double",
            "type": "string",
        },
        wide_columns=WIDE,
        accuracy_columns={},
        leaderboard_columns={},
        metric="AverageWeightedQuantileLoss",
        best="AutoPredictor",
        scores={"AutoPredictor": 0.2, "SeasonalNaive": 0.3},
        published=datetime.now(UTC),
    )
    objects.write(s3, BUCKET, vintages.key(root, vintage), manifest.model_dump_json())


def _dates(first: int, series: int, form: str) -> pa.Array:
    moments = stamps(stamp_of(first + np.arange(HORIZON), DAYS), form)
    return moments.take(np.tile(np.arange(HORIZON), series))


def _backtest_key(predictor: str, number: int) -> str:
    return f"{layout.accuracy(predictor, 'forecasted-values')}Scale_export_part{number}.csv"


def _backtest(names: list[str], values: Any) -> pa.Table:
    """One window, before the end: last week's values as the forecast."""
    history = values.shape[1] - HORIZON
    actual, expected = values[:, history - HORIZON : history], values[:, history - HORIZON - 7 : history - 7]
    start = END + 1 - HORIZON
    (first,) = stamps(stamp_of(np.array([start]), DAYS), "%Y-%m-%dT%H:%M:%S").to_pylist()
    return pa.table(
        {
            "item_id": pa.array(np.repeat(names, HORIZON)),
            "timestamp": _dates(start, len(names), "%Y-%m-%dT%H:%M:%S"),
            "target_value": pa.array(actual.ravel()),
            "backtestwindow_start_time": pa.array([first]).take(np.zeros(actual.size, np.int64)),
            **{f"p{q}": pa.array((expected * (0.5 + q / 100)).ravel()) for q in (10, 50, 90)},
        }
    )


@contextmanager
def served(items: int, history: int = HISTORY) -> Iterator[tuple[str, Callable[[], None]]]:
    """A console on two vintages of ``items`` series; there are no runs and no tables.

    Its address, and what to call so that it forgets all that it has read.
    """
    consoles = [Console(Admission())]
    with LocalAws(handlers={ROOT: lambda *given: consoles[-1](*given)}) as aws:
        s3 = aws.client("s3")
        s3.create_bucket(Bucket=BUCKET)
        publish(s3, "2026-01-01T00-00-00Z-00000001", items, layout.HISTORY, history, seed=1)
        publish(s3, "2026-01-08T00-00-00Z-00000002", items, layout.FORECAST, history, seed=2)
        outputs = {
            "BucketName": BUCKET,
            "DatabaseName": "default",
            "StateMachineArn": "arn:aws:states:us-east-1:123456789012:stateMachine:none",
            "WorkGroupName": "primary",
        }
        stack = Stack(aws.endpoint, aws.region, outputs, {})

        def forget() -> None:
            consoles.append(Console(Admission()))
            consoles[-1].attach(stack)

        forget()
        yield f"{aws.endpoint}{ROOT}", forget


def ask(address: str, times: int = 5) -> tuple[float, float, int]:
    """Seconds and CPU seconds of the best of so many requests, and the answer's bytes."""
    best = (float("inf"), float("inf"), 0)
    for _ in range(times):
        began, cpu = time.perf_counter(), time.process_time()
        with urllib.request.urlopen(address) as answer:  # noqa: S310 - this machine's
            body = answer.read()
        json.loads(body)
        best = min(best, (time.perf_counter() - began, time.process_time() - cpu, len(body)))
    return best


# The times between frames, in milliseconds, while the chart is dragged to and fro.
DRAG = """async () => {
  const over = document.querySelector(".chart .u-over"), {left, top, width} = over.getBoundingClientRect();
  const at = (kind, x) => over.dispatchEvent(new PointerEvent(kind, {
    clientX: left + x, clientY: top + 50, pointerId: 1, button: 0, bubbles: true}));
  over.setPointerCapture = () => {};
  const frames = [];
  let last = await new Promise(requestAnimationFrame);
  const end = last + 2000;
  at("pointerdown", width / 2);
  while (last < end) {
    at("pointermove", width / 2 + 300 * Math.sin(last / 200));
    const now = await new Promise(requestAnimationFrame);
    frames.push(now - last);
    last = now;
  }
  at("pointerup", width / 2);
  return frames;
}"""


# Milliseconds from a change of the search to the frame that shows what was found.
SEARCH = """async (text) => {
  const input = document.querySelector("input[type=search]"), count = document.querySelector(".count");
  const began = performance.now();
  const found = new Promise((done) => new MutationObserver(done).observe(
    count, {characterData: true, subtree: true, childList: true}));
  input.value = text;
  input.dispatchEvent(new Event("input", {bubbles: true}));
  await found;
  await new Promise(requestAnimationFrame);
  return performance.now() - began;
}"""


def browse(address: str, items: int) -> None:
    """What a person waits for."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        began = time.perf_counter()
        page.goto(f"{address}forecasts")
        page.get_by_text(f"{items:,} items").wait_for()
        print(f"In Chromium: the first list shown after {1000 * (time.perf_counter() - began):5.0f} ms")
        waited = [page.evaluate(SEARCH, text) for text in ("7", "77", "lamp 77", "lamp", "vase 9")]
        print(f"             items found after {min(waited):3.0f} to {max(waited):3.0f} ms")
        browser.close()


def drag(address: str) -> None:
    """Whether a chart of two years of hours moves smoothly."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.goto(f'{address}forecasts/item?key=["lamp-000000"]')
        page.get_by_role("button", name="All").click()
        page.locator(".chart .u-over").wait_for()
        frames = np.array(page.evaluate(DRAG))
        dropped = (frames > 25).mean()
        print(
            f"             {len(frames)} frames in 2 s, {dropped:.1%} dropped, at most {frames.max():.0f} ms"
        )
        browser.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=100_000)
    parser.add_argument("--browser", action="store_true")
    options = parser.parse_args()
    items = options.items
    with served(items) as (address, forget):
        print(f"{items:,} items, 2 vintages, {HORIZON} days ahead, {HISTORY} days of history\n")
        print(f"{'':44}{'time':>9}{'CPU':>9}{'answer':>10}")
        key = quote(json.dumps([f"lamp-{items // 7 * 7 - 7:06}"]))
        for name, path, times in (
            ("the first list: the vintage is read", "items?limit=200", 1),
            ("order by change: the one before is read", "items?limit=200&sort=change", 1),
            ("the list again", "items?limit=200", 5),
            ("another order, the first time", "items?limit=200&sort=ratio", 1),
            ("the middle of the list", f"items?limit=200&offset={items // 2}", 5),
            ("search: lamp", "items?limit=200&search=lamp", 5),
            ("search: lamp 99", "items?limit=200&search=lamp+99", 5),
            ("volume by an attribute", "totals?by=kind", 5),
            ("total of one value of it", "total?by=kind&value=%22lamp%22", 1),
            ("total of all", "total", 1),
            ("an item, the first of its shard", f"series?key={key}", 1),
            ("the item again", f"series?key={key}", 5),
        ):
            seconds, cpu, size = ask(f"{address}api/v1/{path}", times)
            print(f"{name:44}{1000 * seconds:6.0f} ms{1000 * cpu:6.0f} ms{size / 1000:7.0f} kB")
        if options.browser:
            print()
            forget()
            browse(address, items)
    if options.browser:
        with served(20, history=POINTS) as (address, _):
            drag(address)


if __name__ == "__main__":
    main()
