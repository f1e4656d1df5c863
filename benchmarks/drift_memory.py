"""How long MonitorDrift takes, and how much memory, by the number of items.

    python benchmarks/drift_memory.py [--most 100000] [--vintages 4]

Daily series of 400 days with a price, and 60 days that came since, in the pipeline's own shards; forecasts
of 30 days every two weeks, and the oldest one's backtest, as Export writes them. The step runs in a process
of its own against S3 in another one (file_server.py), so that the peak is the step's. CPU is in one thread.
Forecasts are last week's values: how good they are changes neither time nor memory.
"""

import os

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[variable] = "1"  # before NumPy is imported: what is measured is one core
os.environ["POWERTOOLS_LOG_LEVEL"] = "WARNING"

import argparse
import io
import json
import multiprocessing
import resource
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import boto3
import numpy as np
import pyarrow as pa
from botocore.config import Config

from stepcast.engine.calendar import stamp_of
from stepcast.engine.frequency import Frequency
from stepcast.engine.panel import Metadata, Panel, Related
from stepcast.pipeline import layout, objects, tables, vintages
from stepcast.pipeline.csv_files import csv_bytes
from stepcast.pipeline.forecast_files import raw_table
from stepcast.pipeline.importing.target.plan import SERIES
from stepcast.pipeline.params import Params
from stepcast.pipeline.run import Run
from stepcast.pipeline.shards import Shard, write_shard
from stepcast.pipeline.steps.monitor_drift import monitor_drift

SIZES = (1_000, 10_000, 100_000)
BUCKET = "bucket"
DAYS = Frequency.parse("D")
TRAINED, NEW, HORIZON, WINDOWS, EVERY = 400, 60, 30, 2, 14
END = 20_000  # the last period
ITEM = [{"AttributeName": "item_id", "AttributeType": "string"}]
TIME = {"AttributeName": "timestamp", "AttributeType": "timestamp"}
PARAMS: dict[str, Any] = {
    "DatasetGroup": {"DatasetGroupName": "Benchmark", "Domain": "CUSTOM"},
    "Datasets": [
        {
            "DatasetName": f"Benchmark{number}",
            "Domain": "CUSTOM",
            "DatasetType": kind,
            "Schema": {"Attributes": [*ITEM, *attributes]},
            **frequency,
        }
        for number, (kind, attributes, frequency) in enumerate(
            (
                (
                    "TARGET_TIME_SERIES",
                    [TIME, {"AttributeName": "target_value", "AttributeType": "float"}],
                    {"DataFrequency": "D"},
                ),
                (
                    "RELATED_TIME_SERIES",
                    [TIME, {"AttributeName": "price", "AttributeType": "float"}],
                    {"DataFrequency": "D"},
                ),
                ("ITEM_METADATA", [{"AttributeName": "brand", "AttributeType": "string"}], {}),
            )
        )
    ],
    "Predictor": {
        "PredictorName": "Benchmark",
        "ForecastHorizon": HORIZON,
        "PerformAutoML": True,
        "FeaturizationConfig": {"ForecastFrequency": "D"},
    },
    "Forecast": {"ForecastName": "Benchmark"},
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--most", type=int, default=SIZES[-1], help="leave out larger numbers of items")
    parser.add_argument("--vintages", type=int, default=4, help="forecasts that reach into the new days")
    asked = parser.parse_args()
    print(f"{'items':>8}{'CPU s':>8}{'CPU ms an item':>16}{'peak RSS MB':>13}{'drifted':>9}")
    for items in (size for size in SIZES if size <= asked.most):
        with tempfile.TemporaryDirectory(prefix="drift-memory-") as folder, served(Path(folder)) as address:
            # what making the files takes is not the step's
            in_own_process(fill, address, items, asked.vintages)
            cpu, peak, drifted = in_own_process(measure, address)
        cells = f"{items:>8}{cpu:>8.1f}{1e3 * cpu / items:>16.2f}{peak:>13.0f}{drifted:>9}"
        print(cells, flush=True)


@contextmanager
def served(folder: Path) -> Any:
    """The address of an S3 endpoint that keeps its objects in ``folder``."""
    command = [sys.executable, str(Path(__file__).with_name("file_server.py")), str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            yield server.stdout.readline().strip()
        finally:
            server.terminate()


def in_own_process(work: Any, *given: Any) -> Any:
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=work, args=(*given, there))
    process.start()
    there.close()
    try:
        return here.recv()
    finally:
        process.join()


def s3_at(address: str) -> Any:
    return boto3.client(
        "s3",
        endpoint_url=address,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",  # noqa: S106  # the server takes any
        config=Config(s3={"addressing_style": "path"}, request_checksum_calculation="when_required"),
    )


def run_at(now: datetime) -> Run:
    return Run(bucket=BUCKET, run="run", vintage=layout.vintage_at(now))


NOW = datetime(2026, 1, 1, tzinfo=UTC)


def fill(address: str, items: int, count: int, answer: Connection) -> None:
    """The bucket as ImportData leaves it for a run, and the forecasts that came before."""
    s3, params, run = s3_at(address), Params.model_validate(PARAMS), run_at(NOW)
    objects.write_json(s3, BUCKET, layout.frozen_params(run.work), PARAMS)
    starts = range(0, items, SERIES)
    objects.write_json(s3, BUCKET, layout.shard_list(run.work), [{"shard": n} for n in range(len(starts))])
    firsts = [END - NEW + 1 + EVERY * number for number in range(count)]
    made = [layout.vintage_at(NOW - timedelta(days=END + 1 - first)) for first in firsts]
    for number, start in enumerate(starts):
        shard = shard_of(start, min(start + SERIES, items))
        body = io.BytesIO()
        write_shard(body, shard)
        objects.write(s3, BUCKET, layout.shard(run.work, number), body.getvalue())
        for first, vintage in zip(firsts, made, strict=True):
            table = forecast_of(shard, first, params)
            objects.write(s3, BUCKET, layout.raw_part(vintage, "export", number), csv_bytes(table))
        tested = [backtest_of(shard, firsts[0] - HORIZON * (window + 1), params) for window in range(WINDOWS)]
        rows = pa.concat_tables(tested).sort_by([("item_id", "ascending")])
        key = f"{layout.accuracy(predictor_of(made[0]), 'forecasted-values')}part{number}.csv"
        objects.write(s3, BUCKET, key, csv_bytes(rows))
    for first, vintage in zip(firsts, made, strict=True):
        vintages.write(s3, BUCKET, manifest_of(items, first, vintage, params))
    answer.send(None)


def predictor_of(vintage: str) -> str:
    return layout.resource_name("Benchmark", vintage)


def shard_of(start: int, stop: int) -> Shard:
    """Sales with weeks, noise and a price; one item in a hundred doubles."""
    random, count, time_ = np.random.default_rng([3, start]), stop - start, TRAINED + NEW
    now = np.arange(time_)
    price = 10 + random.standard_normal((count, time_))
    week = 1 + 0.4 * np.sin(2 * np.pi * (now[None] / 7 + random.uniform(size=(count, 1))))
    values = 50 * week * np.exp(0.2 * random.standard_normal((count, time_)) - 0.05 * (price - 10))
    drifts = (np.arange(start, stop) % 100 == 7)[:, None] & (now >= TRAINED)
    values = np.where(drifts, 2 * values, values)
    later = np.concatenate([price, np.full((count, HORIZON), 10.0)], axis=1)
    keys = tuple((f"item_{number:07}",) for number in range(start, stop))
    panel = Panel(
        ids=tuple(key[0] for key in keys),
        values=tuple(values),
        observed=tuple(np.ones(time_, bool) for _ in keys),
        end=END,
        frequency=DAYS,
        related=Related(("price",), tuple(later[:, None]), HORIZON),
        metadata=Metadata(("brand",), tuple((f"brand {number % 20}",) for number in range(start, stop))),
    )
    return Shard(("item_id",), keys, panel)


def quantiles(shard: Shard, first: int) -> np.ndarray:
    """(items, horizon, 3): the week before ``first``, again and again."""
    known = np.stack(shard.panel.values)[:, : TRAINED + NEW - (END + 1 - first)]
    week = known[:, -7:][:, np.arange(HORIZON) % 7]
    return np.round(week[..., None] * np.array([0.75, 1.0, 1.3]), 4)


def forecast_of(shard: Shard, first: int, params: Params) -> pa.Table:
    panel = shard.panel
    known = Panel(panel.ids, panel.values, panel.observed, first - 1, panel.frequency)
    return raw_table(Shard(shard.key_names, shard.keys, known), quantiles(shard, first), params)


def backtest_of(shard: Shard, first: int, params: Params) -> pa.Table:
    begin = TRAINED + NEW - (END + 1 - first)
    actual = np.stack(shard.panel.values)[:, begin : begin + HORIZON]
    return forecast_of(shard, first, params).append_column("target_value", pa.array(actual.ravel().round(4)))


def manifest_of(items: int, first: int, vintage: str, params: Params) -> vintages.Manifest:
    moments = [str(moment) for moment in stamp_of(np.array([first, first + HORIZON - 1]), DAYS)]
    return vintages.Manifest(
        run="run",
        vintage=vintage,
        predictor=predictor_of(vintage),
        dataset="Benchmark0",
        import_job="import",
        items=items,
        horizon=HORIZON,
        frequency="D",
        first=moments[0],
        last=moments[1],
        train_columns={},
        clean_columns={},
        wide_columns=tables.wide_columns(params),
        accuracy_columns={},
        leaderboard_columns={},
        metric="WAPE",
        best="AutoPredictor",
        scores={},
        published=NOW,
    )


def measure(address: str, answer: Connection) -> None:
    """Send CPU seconds of the step, its process's peak memory in MB and how many items it reported."""
    s3, run = s3_at(address), run_at(NOW)
    began = time.process_time()
    # CloudWatch is told a few figures, once: nobody listens
    monitor_drift(run, s3=s3, cloudwatch=Mock(), arn="arn:aws:forecast:us-east-1:123456789012:")
    cpu = time.process_time() - began
    unit = 1024 if sys.platform == "linux" else 1  # of ru_maxrss
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6
    found = json.loads(objects.read(s3, BUCKET, layout.monitor_summary(run.vintage)))
    assert found["state"] == "compared", found["message"]
    answer.send((cpu, peak, found["drifted"]))


if __name__ == "__main__":
    main()
