"""The chart of a tracked run: the run's own, or one drawn from its files."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from stepcast.charting.drawing import draw
from stepcast.charting.series import Charted
from stepcast.cli.chart import MOST_PANELS
from stepcast.cli.chart_data import HORIZONS_BACK
from stepcast.cli.tuning_chart import draw_tuning
from stepcast.connect.finished_run import FinishedRun
from stepcast.engine.calendar import stamp_of

__all__ = ["charts_of"]

CHART = "chart.png"
TUNING = "tuning.png"


@contextmanager
def charts_of(run: FinishedRun, results: Path | None) -> Iterator[list[Path]]:
    """Of the series with the largest forecasts, if their history is there, and of the trials, if any."""
    if results is not None and (results / CHART).is_file():
        yield [results / name for name in (CHART, TUNING) if (results / name).is_file()]
        return
    series, trials, tuned = largest(run), run.tuning(), run.manifest.tuned
    with tempfile.TemporaryDirectory() as scratch:
        made = []
        if series:
            made.append(Path(scratch) / CHART)
            draw(series, made[-1])
        if trials is not None and tuned is not None:
            made.append(Path(scratch) / TUNING)
            draw_tuning(trials, tuned, made[-1])
        yield made


def largest(run: FinishedRun) -> list[Charted]:
    """The series with the largest forecasts, as chart.png shows them."""
    columns = run.manifest.wide_columns
    names = [name for name, kind in columns.items() if kind == "string" and name != "date"]
    outputs = [name for name, kind in columns.items() if kind == "double"]
    target = next(name for name, kind in run.manifest.clean_columns.items() if kind == "double")
    table = run.forecast().to_pandas()
    by_series = table.groupby(names, sort=True)
    totals = by_series[outputs].sum().sum(axis="columns").nlargest(MOST_PANELS)
    places = {key if isinstance(key, tuple) else (key,): place for place, key in enumerate(totals.index)}
    found: dict[int, Charted] = {}
    for shard in run.shards():
        panel, back = shard.panel, HORIZONS_BACK * run.manifest.horizon
        for row, key in enumerate(shard.keys):
            if key not in places:
                continue
            ahead = by_series.get_group(key)
            known = np.where(panel.observed[row], panel.values[row], np.nan)[-back:]
            found[places[key]] = Charted(
                title=" · ".join(key),
                target=target,
                frequency=run.manifest.frequency,
                past=stamp_of(panel.end + 1 - back + np.arange(back), panel.frequency),
                history=np.concatenate([np.full(back - len(known), np.nan), known]),
                ahead=ahead["date"].str.rstrip("Z").to_numpy("datetime64[s]"),
                outputs={output: ahead[output].to_numpy() for output in outputs},
            )
    return [found[place] for place in sorted(found)]
