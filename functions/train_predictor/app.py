"""TrainPredictor: fit, backtest and forecast one shard of series."""

from typing import Any

from stepcast.connect import keras
from stepcast.pipeline import aws
from stepcast.pipeline.run import ShardRun
from stepcast.pipeline.steps.train_predictor import train_predictor

keras.register()  # here, because the engine imports no connector: docs/decisions/0019


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    run = ShardRun.model_validate(event)
    return train_predictor(run, s3=aws.client("s3")).model_dump(mode="json")
