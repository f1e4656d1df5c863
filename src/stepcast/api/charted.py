"""Imported series and their forecasts as charts show them."""

from collections.abc import Iterator, Sequence

import numpy as np

from stepcast.api.fitted import Fitted
from stepcast.charting.series import Charted
from stepcast.engine.calendar import stamp_of
from stepcast.engine.results import Forecast
from stepcast.pipeline.forecast_files import moments_ahead
from stepcast.pipeline.params import output_label
from stepcast.pipeline.shards import label

__all__ = ["charted"]

HORIZONS_BACK = 3  # how much history precedes the forecast


def charted(
    fitted: Fitted, forecasts: Sequence[Forecast], items: Sequence[str] | None, most: int, target: str
) -> Iterator[Charted]:
    """The series named in ``items``, in their order, or those with the largest forecasts.

    KeyError, with the name, where there is no such series.
    """
    places = {
        label(key): (part, place)
        for part, shard in enumerate(fitted.shards)
        for place, key in enumerate(shard.keys)
    }
    if items is None:
        sizes = {name: float(np.sum(forecasts[part].values[place])) for name, (part, place) in places.items()}
        items = sorted(sizes, key=lambda name: -sizes[name])[:most]
    for item in items:
        part, place = places[item]
        shard, panel = fitted.shards[part], fitted.shards[part].panel
        horizon = fitted.task.horizon
        back = HORIZONS_BACK * horizon
        values = np.where(panel.observed[place], panel.values[place], np.nan)[-back:]
        yield Charted(
            title=item,
            target=target,
            frequency=str(panel.frequency),
            past=stamp_of(panel.end + 1 - len(values) + np.arange(len(values)), panel.frequency),
            history=values,
            ahead=moments_ahead(shard, horizon),
            outputs={
                output_label(output): forecasts[part].values[place, :, number]
                for number, output in enumerate(fitted.task.outputs)
            },
        )
