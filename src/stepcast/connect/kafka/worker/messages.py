"""Forecasts as messages: JSON, one for each item and origin."""

import json
from collections.abc import Iterator

from stepcast.connect.kafka.worker.forecaster import Forecaster
from stepcast.connect.kafka.worker.grid import Grid
from stepcast.connect.kafka.worker.partition import Forecasts
from stepcast.pipeline.params import output_label

__all__ = ["ForecastMessages"]


class ForecastMessages:
    """Formats the forecasts of one predictor."""

    def __init__(self, forecaster: Forecaster) -> None:
        self._grid = Grid(forecaster.frequency)
        self._steps = range(1, forecaster.horizon + 1)
        self._predictor = json.dumps(forecaster.name)
        self._labels = [output_label(output) for output in forecaster.outputs]

    def of(self, forecasts: Forecasts) -> Iterator[tuple[bytes, bytes]]:
        """Key and value of each message."""
        origin = forecasts.origin
        stamps = self._grid.stamps([origin, *(origin + step for step in self._steps)])
        # Numbers are inserted into a template: json.dumps of each message would take most of a worker's time.
        columns = "".join(f', "{label}": %r' for label in self._labels)
        rows = ", ".join(f'{{"timestamp": "{stamp}"{columns}}}' for stamp in stamps[1:])
        text = (
            f'{{"item_id": %s, "origin": "{stamps[0]}", "predictor": {self._percent}, "forecast": [{rows}]}}'
        )
        values = forecasts.values.reshape(len(forecasts.items), -1).tolist()
        for item, numbers in zip(forecasts.items, values, strict=True):
            yield item.encode(), (text % (json.dumps(item), *numbers)).encode()

    @property
    def _percent(self) -> str:
        return self._predictor.replace("%", "%%")
