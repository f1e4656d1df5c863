"""A Grafana dashboard of a metric and its forecast, as JSON to import."""

import json
from collections.abc import Sequence
from typing import Any

from stepcast.connect.prometheus.durations import seconds
from stepcast.connect.prometheus.vintage import Vintage, quantile_of

__all__ = ["dashboard"]

SOURCE = {"type": "prometheus", "uid": "${source}"}
WIDTH, HEIGHT = 24, 9  # Grafana's grid has 24 columns


def dashboard(vintage: Vintage, leads: Sequence[str], query: str | None) -> str:
    """The JSON to import under Dashboards, New, Import; Grafana then asks for the data source."""
    quantiles = [quantile_of(output) for output in vintage.outputs]
    actual = [("actual", query)] if query else []
    panels = [
        _panel(
            f"Expected {'now' if not seconds(lead) else f'in {lead}'}",
            number,
            [
                *actual,
                *((f"{{{{item_id}}}} {quantile}", _forecast(quantile, lead)) for quantile in quantiles),
            ],
        )
        for number, lead in enumerate(leads)
    ]
    panels.append(_panel("Age of the forecast", len(leads), [("age", "stepcast_forecast_age_seconds")], "s"))
    errors = 'stepcast_accuracy{scope="item", metric=~"wql|wql_seasonal_naive", item_id=~"$item"}'
    panels.append(_panel("Error in the backtest", len(leads) + 1, [("{{item_id}} {{metric}}", errors)]))
    made = {
        "title": f"Forecast {vintage.manifest.predictor.partition('_')[0]}",
        "schemaVersion": 39,
        "time": {"from": "now-24h", "to": "now"},
        "refresh": "1m",
        "templating": {
            "list": [
                {"name": "source", "type": "datasource", "query": "prometheus", "label": "Data source"},
                {
                    "name": "item",
                    "type": "query",
                    "datasource": SOURCE,
                    "query": "label_values(stepcast_forecast, item_id)",
                    "refresh": 2,
                    "includeAll": True,
                    "multi": True,
                    "current": {"text": "All", "value": "$__all"},
                },
            ]
        },
        "panels": panels,
    }
    return json.dumps(made, indent=2)


def _forecast(quantile: str, lead: str) -> str:
    return f'stepcast_forecast{{item_id=~"$item", quantile="{quantile}", lead="{lead}"}}'


def _panel(
    title: str, number: int, queries: Sequence[tuple[str, str]], unit: str = "short"
) -> dict[str, Any]:
    return {
        "id": number + 1,
        "type": "timeseries",
        "title": title,
        "datasource": SOURCE,
        "gridPos": {"x": 0, "y": number * HEIGHT, "w": WIDTH, "h": HEIGHT},
        "fieldConfig": {"defaults": {"unit": unit}, "overrides": []},
        "targets": [
            {"refId": chr(ord("A") + place), "datasource": SOURCE, "expr": expression, "legendFormat": legend}
            for place, (legend, expression) in enumerate(queries)
        ],
    }
