"""Input that can be forecast in seconds: three lamps in one shop, daily, one quick model."""

import json
from pathlib import Path
from typing import Any

import numpy as np

__all__ = ["ITEMS", "params", "rows", "write"]

ITEMS = ("desk lamp", "floor lamp", "street lamp")
SHOP = "Köln"
DAYS, HORIZON = 70, 7


def params(**predictor: Any) -> dict[str, Any]:
    """A params.json for ``rows``; ``predictor`` changes keys of its Predictor."""
    columns = {"item_id": "string", "timestamp": "timestamp", "demand": "float", "location": "string"}
    return {
        "DatasetGroup": {"DatasetGroupName": "Lamps", "Domain": "RETAIL"},
        "Datasets": [
            {
                "DatasetName": "LampSales",
                "Domain": "RETAIL",
                "DatasetType": "TARGET_TIME_SERIES",
                "DataFrequency": "D",
                "Schema": {
                    "Attributes": [
                        {"AttributeName": name, "AttributeType": kind} for name, kind in columns.items()
                    ]
                },
            }
        ],
        "Predictor": {
            "PredictorName": "LampPredictor",
            "ForecastHorizon": HORIZON,
            "FeaturizationConfig": {"ForecastFrequency": "D", "ForecastDimensions": ["location"]},
            "AlgorithmArn": "arn:aws:forecast:::algorithm/NPTS",
            **predictor,
        },
        "Forecast": {"ForecastName": "LampForecast", "ForecastTypes": ["0.10", "0.50", "0.90"]},
        "TimestampFormat": "yyyy-MM-dd",
    }


def rows(item: str, level: float) -> str:
    """A weekly pattern with a little noise, from New Year on."""
    noise = np.random.default_rng(5)
    days = np.datetime64("2026-01-01") + np.arange(DAYS)
    return "".join(
        f"{item},{day},{level * (10 + number % 7 + noise.normal()):.2f},{SHOP}\n"
        for number, day in enumerate(days)
    )


def write(folder: Path) -> tuple[Path, list[Path]]:
    """Write params.json and one file per item to ``folder``."""
    (folder / "params.json").write_text(json.dumps(params()))
    files = []
    for level, item in enumerate(ITEMS, 1):
        files.append(folder / f"{item.replace(' ', '_')}.csv")
        files[-1].write_text(rows(item, level))
    return folder / "params.json", files
