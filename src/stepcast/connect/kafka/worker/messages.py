"""Forecasts as messages, one for each item and origin, in JSON or in Avro."""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol

import numpy as np

from stepcast.connect.kafka.formats import avro_encoder
from stepcast.connect.kafka.worker.forecaster import Forecaster
from stepcast.connect.kafka.worker.grid import Grid
from stepcast.connect.kafka.worker.partition import Forecasts
from stepcast.pipeline.params import output_label

__all__ = ["AvroMessages", "JsonMessages", "Messages", "avro_schema"]

TIME = {"type": "long", "logicalType": "timestamp-millis"}


class Messages(Protocol):
    """Formats the forecasts of one predictor. Numbers that are not finite become null."""

    def of(self, forecasts: Forecasts) -> Iterator[tuple[bytes, bytes]]:
        """Key and value of each message."""


class JsonMessages:
    def __init__(self, forecaster: Forecaster) -> None:
        self._grid = Grid(forecaster.frequency)
        self._steps = range(1, forecaster.horizon + 1)
        self._predictor = json.dumps(forecaster.name)
        self._labels = [output_label(output) for output in forecaster.outputs]

    def of(self, forecasts: Forecasts) -> Iterator[tuple[bytes, bytes]]:
        origin = forecasts.origin
        stamps = self._grid.stamps([origin, *(origin + step for step in self._steps)])
        # Numbers are inserted into a template: json.dumps of each message would take most of a worker's time.
        columns = "".join(f', "{label}": %s' for label in self._labels)
        rows = ", ".join(f'{{"timestamp": "{stamp}"{columns}}}' for stamp in stamps[1:])
        text = (
            f'{{"item_id": %s, "origin": "{stamps[0]}", "predictor": {self._percent}, "forecast": [{rows}]}}'
        )
        for item, numbers in _rows(forecasts, "null"):
            yield item.encode(), (text % (json.dumps(item), *numbers)).encode()

    @property
    def _percent(self) -> str:
        return self._predictor.replace("%", "%%")


class AvroMessages:
    """``registry`` are its settings; the schema of the messages is registered in ``subject``."""

    def __init__(self, forecaster: Forecaster, registry: Mapping[str, str], subject: str) -> None:
        self._grid = Grid(forecaster.frequency)
        self._steps = range(1, forecaster.horizon + 1)
        self._predictor = forecaster.name
        self._labels = [output_label(output) for output in forecaster.outputs]
        schema = avro_schema(self._labels)
        self._encode: Callable[[Any], bytes] = avro_encoder(registry, subject, schema)

    def of(self, forecasts: Forecasts) -> Iterator[tuple[bytes, bytes]]:
        origin, width = self._grid.stamped(forecasts.origin), len(self._labels)
        times = [self._grid.stamped(forecasts.origin + step) for step in self._steps]
        for item, numbers in _rows(forecasts, None):
            rows = [
                {"timestamp": time, **dict(zip(self._labels, numbers[at : at + width], strict=True))}
                for at, time in zip(range(0, len(numbers), width), times, strict=True)
            ]
            document = {"item_id": item, "origin": origin, "predictor": self._predictor, "forecast": rows}
            yield item.encode(), self._encode(document)


def avro_schema(labels: list[str]) -> dict[str, Any]:
    """The schema of messages with these outputs.

    They may be null, and are by default: so the schemas of predictors with different outputs are compatible
    in both directions.
    """
    outputs = [{"name": label, "type": ["null", "double"], "default": None} for label in labels]
    period = {"type": "record", "name": "Period", "fields": [{"name": "timestamp", "type": TIME}, *outputs]}
    return {
        "type": "record",
        "name": "Forecast",
        "namespace": "stepcast",
        "fields": [
            {"name": "item_id", "type": "string"},
            {"name": "origin", "type": TIME},
            {"name": "predictor", "type": "string"},
            {"name": "forecast", "type": {"type": "array", "items": period}},
        ],
    }


def _rows(forecasts: Forecasts, missing: Any) -> Iterator[tuple[str, list[Any]]]:
    """Each item with its numbers, by period and output."""
    values = forecasts.values.reshape(len(forecasts.items), -1)
    if not np.isfinite(values).all():
        values = np.where(np.isfinite(values), values.astype(object), missing)
    return zip(forecasts.items, values.tolist(), strict=True)
