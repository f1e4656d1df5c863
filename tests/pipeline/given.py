"""Params and buckets for tests."""

import copy
import json
from typing import Any

MINIMAL: dict[str, Any] = {
    "DatasetGroup": {"DatasetGroupName": "Shops", "Domain": "CUSTOM"},
    "Datasets": [
        {
            "DatasetName": "Sales",
            "Domain": "CUSTOM",
            "DatasetType": "TARGET_TIME_SERIES",
            "DataFrequency": "D",
            "Schema": {
                "Attributes": [
                    {"AttributeName": "item_id", "AttributeType": "string"},
                    {"AttributeName": "timestamp", "AttributeType": "timestamp"},
                    {"AttributeName": "target_value", "AttributeType": "float"},
                ]
            },
        }
    ],
    "Predictor": {
        "PredictorName": "SalesPredictor",
        "ForecastHorizon": 7,
        "FeaturizationConfig": {"ForecastFrequency": "D"},
        "PerformAutoML": True,
    },
    "Forecast": {"ForecastName": "SalesForecast", "ForecastTypes": ["0.10", "0.50", "0.90"]},
    "TimestampFormat": "yyyy-MM-dd",
    "PerformDelete": False,
}


def params_document(**changes: Any) -> dict[str, Any]:
    """The minimal document; ``changes`` are paths with ``__`` between keys: ``Predictor__ForecastHorizon=3``.

    A value of ``...`` removes the key.
    """
    document = copy.deepcopy(MINIMAL)
    for path, value in changes.items():
        *parents, last = path.split("__")
        here: Any = document
        for key in parents:
            here = here[int(key)] if key.isdigit() else here[key]
        if value is ...:
            del here[last]
        else:
            here[last] = value
    return document


def params_bytes(**changes: Any) -> bytes:
    return json.dumps(params_document(**changes)).encode()
