"""What training and forecasting hand on between functions, next to the shard that it is about."""

from typing import Any

from stepcast.engine import archive
from stepcast.engine.results import Forecast, Trained
from stepcast.pipeline import layout, objects
from stepcast.pipeline.run import Run

__all__ = [
    "read_forecast",
    "read_results",
    "read_trained",
    "write_forecast",
    "write_reconciled",
    "write_trained",
]


def write_trained(s3: Any, run: Run, shard: int, trained: Trained) -> None:
    objects.write(s3, run.bucket, layout.trained(run.work, shard), archive.to_bytes(trained))


def read_trained(s3: Any, run: Run, shard: int) -> Trained:
    return archive.from_bytes(Trained, objects.read(s3, run.bucket, layout.trained(run.work, shard)))


def write_forecast(s3: Any, run: Run, shard: int, forecast: Forecast) -> None:
    objects.write(s3, run.bucket, layout.predicted(run.work, shard), archive.to_bytes(forecast))


def read_forecast(s3: Any, run: Run, shard: int) -> Forecast:
    return archive.from_bytes(Forecast, objects.read(s3, run.bucket, layout.predicted(run.work, shard)))


def write_reconciled(s3: Any, run: Run, shard: int, trained: Trained, forecast: Forecast) -> None:
    objects.write(s3, run.bucket, layout.reconciled_trained(run.work, shard), archive.to_bytes(trained))
    objects.write(s3, run.bucket, layout.reconciled_predicted(run.work, shard), archive.to_bytes(forecast))


def read_results(s3: Any, run: Run, shard: int, *, reconciled: bool) -> tuple[Trained, Forecast]:
    """What is exported of a shard: with a hierarchy, what Reconcile has made of it."""
    if not reconciled:
        return read_trained(s3, run, shard), read_forecast(s3, run, shard)
    trained = objects.read(s3, run.bucket, layout.reconciled_trained(run.work, shard))
    forecast = objects.read(s3, run.bucket, layout.reconciled_predicted(run.work, shard))
    return archive.from_bytes(Trained, trained), archive.from_bytes(Forecast, forecast)
