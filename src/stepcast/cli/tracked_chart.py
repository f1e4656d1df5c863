"""The chart of a tracked run: the run's own, or one drawn from its files."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from stepcast.charting.drawing import draw
from stepcast.charting.series import Charted
from stepcast.cli.chart import MOST_PANELS
from stepcast.cli.chart_files import charted_series
from stepcast.cli.current_forecast import key_columns, output_columns
from stepcast.cli.tuning_chart import draw_tuning
from stepcast.connect.finished_run import FinishedRun

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
    names, outputs = key_columns(run.manifest), output_columns(run.manifest)
    table = run.forecast().to_pandas()
    by_series = table.groupby(names, sort=True)
    totals = by_series[outputs].sum().sum(axis="columns").nlargest(MOST_PANELS)
    places = {key if isinstance(key, tuple) else (key,): place for place, key in enumerate(totals.index)}
    found: dict[int, Charted] = {}
    for shard in run.shards():
        for row, key in enumerate(shard.keys):
            if key not in places:
                continue
            ahead = by_series.get_group(key)
            values = {output: ahead[output].to_numpy() for output in outputs}
            found[places[key]] = charted_series(shard, row, run.manifest, values)
    return [found[place] for place in sorted(found)]
