"""The monitor's document and its evaluations, as in DescribeMonitor and ListMonitorEvaluations."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np

from stepcast.engine.accuracy import Sums
from stepcast.engine.calendar import stamp_of
from stepcast.pipeline import layout, resources
from stepcast.pipeline.errors import ResourceNotFoundException
from stepcast.pipeline.monitoring.past import Past
from stepcast.pipeline.monitoring.realised import METRICS
from stepcast.pipeline.params import Params
from stepcast.pipeline.run import Run

__all__ = ["Evaluation", "record"]

KEPT = 1_000  # evaluations; older ones are dropped


@dataclass(frozen=True)
class Evaluation:
    """A forecast whose whole horizon has passed, and its outcomes over all items."""

    past: Past
    sums: Sums


def record(s3: Any, run: Run, params: Params, arn: str, made: list[Evaluation], backtest: Sums) -> None:
    """Write the monitor's document, adding an evaluation of each forecast that has none, newest first.

    ``arn`` is the prefix of every ARN, up to the kind. As in Amazon Forecast, the window of an evaluation is
    the forecast's horizon, and each forecast is evaluated once.
    """
    name = params.predictor.predictor_name
    known = _known(s3, run, name)
    have = {one["MonitorDataSource"]["ForecastArn"] for one in known}
    fresh = [_described(run, params, arn, one) for one in made]
    fresh = [one for one in fresh if one["MonitorDataSource"]["ForecastArn"] not in have]
    all_of_them = [*reversed(fresh), *known][:KEPT]
    metrics = [{"Name": metric, "Value": value} for metric, value in _values(backtest)]
    document: dict[str, Any] = {
        "MonitorName": name,
        "MonitorArn": f"{arn}monitor/{name}",
        "ResourceArn": f"{arn}predictor/{run.name_of(name)}",
        "Baseline": {"PredictorBaseline": {"BaselineMetrics": metrics}},
        "Evaluations": all_of_them,
    }
    if all_of_them:
        document["LastEvaluationTime"] = all_of_them[0]["EvaluationTime"]
        document["LastEvaluationState"] = all_of_them[0]["EvaluationState"]
    resources.put(s3, run.bucket, "monitor", name, document)


def _described(run: Run, params: Params, arn: str, evaluation: Evaluation) -> dict[str, Any]:
    past, sums = evaluation.past, evaluation.sums
    horizon = past.start + np.arange(past.manifest.horizon)
    first, last = (str(moment) for moment in stamp_of(horizon[[0, -1]], past.manifest.grid))
    predictor, target = f"{arn}predictor/{past.manifest.predictor}", params.target.dataset_name
    forecast = layout.resource_name(params.forecast.forecast_name, past.manifest.vintage)
    answer: dict[str, Any] = {
        "ResourceArn": predictor,
        "MonitorArn": f"{arn}monitor/{params.predictor.predictor_name}",
        "EvaluationTime": datetime.now(UTC).isoformat(timespec="seconds"),
        "WindowStartDatetime": first,
        "WindowEndDatetime": last,
        "PredictorEvent": {
            "Detail": "Retrain",
            "Datetime": layout.moment_of(past.manifest.vintage).isoformat(timespec="seconds"),
        },
        "MonitorDataSource": {
            "DatasetImportJobArn": f"{arn}dataset-import-job/{target}/{run.name_of(target)}",
            "ForecastArn": f"{arn}forecast/{forecast}",
            "PredictorArn": predictor,
        },
        "NumItemsEvaluated": sums.forecasts,
    }
    if not sums.points:
        message = "no item has an observed value in the forecast's horizon"
        return {**answer, "EvaluationState": "FAILURE", "Message": message}
    metrics = [{"MetricName": metric, "MetricValue": value} for metric, value in _values(sums)]
    return {**answer, "EvaluationState": "SUCCESS", "MetricResults": metrics}


def _values(sums: Sums) -> list[tuple[str, float]]:
    """Finite metrics; as in Amazon Forecast, the quantile loss only if quantiles were forecast."""
    asked = [metric for metric in METRICS if sums.quantiles or metric != "AverageWeightedQuantileLoss"]
    return [(metric, value) for metric in asked if np.isfinite(value := sums.metric(metric))]


def _known(s3: Any, run: Run, name: str) -> list[dict[str, Any]]:
    try:
        known: list[dict[str, Any]] = resources.describe(s3, run.bucket, "monitor", name)["Evaluations"]
    except ResourceNotFoundException:
        return []
    return known
