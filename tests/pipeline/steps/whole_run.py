"""All steps from the upload to the export, one after the other, and what they leave in the bucket."""

import csv
import io
from typing import Any

import boto3
import pyarrow.parquet as pq

from stepcast.pipeline import layout, objects
from stepcast.pipeline.run import Run, ShardRun
from stepcast.pipeline.steps.create_dataset import create_dataset
from stepcast.pipeline.steps.export import export
from stepcast.pipeline.steps.fit_shared import fit_shared
from stepcast.pipeline.steps.forecast import forecast
from stepcast.pipeline.steps.import_data import import_data
from stepcast.pipeline.steps.reconcile import reconcile
from stepcast.pipeline.steps.train_predictor import train_predictor
from tests.pipeline.given import params_bytes
from tests.pipeline.steps.conftest import BUCKET, Account

__all__ = ["imported", "leaderboard", "rows_under", "run_on", "run_steps"]


def imported(account: Account, data: str, **changes: Any) -> Run:
    """A run as FitShared finds it; ``changes`` are those of params_document."""
    account.put("params.json", params_bytes(**changes))
    account.put("train/a.csv", data)
    return import_data(create_dataset(account.run(), s3=account.s3), s3=account.s3)


def run_steps(account: Account, data: str, **changes: Any) -> Run:
    return run_on(account, imported(account, data, **changes))


def run_on(account: Account, run: Run) -> Run:
    """From FitShared to the export."""
    run = fit_shared(run, s3=account.s3)
    for entry in objects.read_json(account.s3, BUCKET, layout.shard_list(run.work)):
        shard = ShardRun(**run.model_dump(), shard=entry["shard"])
        forecast(train_predictor(shard, s3=account.s3), s3=account.s3)
    cloudwatch = boto3.client("cloudwatch")
    try:
        return export(reconcile(run, s3=account.s3), s3=account.s3, cloudwatch=cloudwatch)
    finally:
        cloudwatch.close()


def rows_under(account: Account, prefix: str) -> list[dict[str, str]]:
    """The rows of all CSV files, in the order of their shards."""
    files = [key for key in account.keys(prefix) if key.endswith(".csv")]
    files.sort(key=lambda key: (key.rpartition("part")[0], int(key.rpartition("part")[2].strip("-.csv"))))
    return [row for key in files for row in csv.DictReader(io.StringIO(account.text(key)))]


def leaderboard(account: Account) -> list[dict[str, Any]]:
    (key,) = [key for key in account.keys("accuracy/") if "/leaderboard/" in key]
    body = account.s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()
    return list(pq.read_table(io.BytesIO(body)).to_pylist())
