"""How fast and in how much memory a large CSV is imported.

    python benchmarks/import_memory.py [--size-mb 1000] [--series 2000] [--order time|item] [--gzip]

A seeded CSV (hourly, three columns) is imported through the public entry from an S3 endpoint in another
process, so that the peak of the memory is the importer's own. The endpoint serves files (file_server.py), as
moto would hold the gigabyte in memory.
"""

import argparse
import gzip
import json
import multiprocessing
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import boto3
import numpy as np
import pyarrow as pa
from botocore.config import Config
from pyarrow import csv

from stepcast.pipeline.importing import import_target
from stepcast.pipeline.params import Params
from stepcast.pipeline.problems import Report

BUCKET = "bucket"
ROWS_AT_ONCE = 500_000
ROW_BYTES = 40  # about, of the rows below
PARAMS = {
    "DatasetGroup": {"DatasetGroupName": "Benchmark", "Domain": "CUSTOM"},
    "Datasets": [
        {
            "DatasetName": "Benchmark",
            "Domain": "CUSTOM",
            "DatasetType": "TARGET_TIME_SERIES",
            "DataFrequency": "H",
            "Schema": {
                "Attributes": [
                    {"AttributeName": "timestamp", "AttributeType": "timestamp"},
                    {"AttributeName": "target_value", "AttributeType": "float"},
                    {"AttributeName": "item_id", "AttributeType": "string"},
                ]
            },
        }
    ],
    "Predictor": {
        "PredictorName": "Benchmark",
        "ForecastHorizon": 24,
        "PerformAutoML": True,
        "FeaturizationConfig": {"ForecastFrequency": "H"},
    },
    "Forecast": {"ForecastName": "Benchmark"},
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size-mb", type=int, default=1000, help="of the CSV, in millions of bytes")
    parser.add_argument("--series", type=int, default=2000)
    parser.add_argument("--order", choices=("time", "item"), default="time", help="of the rows")
    parser.add_argument("--gzip", action="store_true", help="compress the CSV")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="import-memory-") as folder:
        root = Path(folder)
        file = root / BUCKET / "train" / "large.csv"
        work = (file, given.size_mb * 1_000_000, given.series, given.order, given.gzip)
        # In a process of its own: what making the file takes is not the import's.
        maker = multiprocessing.get_context("spawn").Process(target=make, args=work)
        maker.start()
        maker.join()
        assert maker.exitcode == 0
        command = [sys.executable, str(Path(__file__).with_name("file_server.py")), str(root)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
            try:
                assert server.stdout is not None
                measure(server.stdout.readline().strip(), root)
            finally:
                server.terminate()


def make(path: Path, size: int, series: int, order: str, packed: bool) -> None:
    """About ``size`` bytes of rows, the same every time."""
    path.parent.mkdir(parents=True)
    random = np.random.default_rng(7)
    count = size // ROW_BYTES
    hours = -(-count // series)
    names = pa.array([f"item_{number:07d}" for number in range(series)])
    with path.open("wb") as sink:
        for begin in range(0, count, ROWS_AT_ONCE):
            rows = np.arange(begin, min(begin + ROWS_AT_ONCE, count))
            item, hour = (rows % series, rows // series) if order == "time" else (rows // hours, rows % hours)
            moments = np.datetime64("2015-01-01T00", "s") + hour.astype("timedelta64[h]")
            columns = [
                pa.array(moments.astype("datetime64[s]")).cast(pa.string()),
                pa.array(random.gamma(2.0, 20.0, len(rows)).round(3)),
                names.take(pa.array(item)),
            ]
            table = pa.table(columns, names=["timestamp", "target_value", "item_id"])
            csv.write_csv(table, sink, csv.WriteOptions(include_header=False, quoting_style="none"))
    if packed:
        with path.open("rb") as plain, gzip.open(f"{path}.gz", "wb", compresslevel=1) as smaller:
            shutil.copyfileobj(plain, smaller, 1 << 20)
        path.unlink()


def measure(endpoint: str, root: Path) -> None:
    """Import and print the figures as one line of JSON."""
    s3: Any = boto3.client(
        "s3",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",  # noqa: S106  # the server takes any
        config=Config(s3={"addressing_style": "path"}, request_checksum_calculation="when_required"),
    )
    size = sum(path.stat().st_size for path in (root / BUCKET / "train").iterdir())
    before = resource.getrusage(resource.RUSAGE_SELF)
    report, scratch = Report(), root / "scratch"
    scratch.mkdir()
    begin = time.perf_counter()
    params = Params.model_validate(PARAMS)
    imported = import_target(s3, BUCKET, "run", params, "datasets/benchmark/", report, scratch)
    seconds = time.perf_counter() - begin
    after = resource.getrusage(resource.RUSAGE_SELF)
    assert not report.errors, report.to_markdown()
    unit = 1024 if sys.platform == "linux" else 1  # of ru_maxrss
    figures = {
        "mb": round(size / 1e6),
        "seconds": round(seconds, 1),
        "mb_per_second": round(size / 1e6 / seconds, 1),
        "cpu_seconds": round(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, 1),
        "peak_rss_mb": round(after.ru_maxrss * unit / 1e6),
        "rss_before_mb": round(before.ru_maxrss * unit / 1e6),
        "rows": imported.rows,
        "series": imported.series,
        "shards": imported.shards,
        "warnings": report.warnings,
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
