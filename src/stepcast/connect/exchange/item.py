"""One item of a finished run: what its predictor was trained on, and what it is asked for."""

from dataclasses import dataclass
from difflib import get_close_matches

from stepcast.connect.errors import ConnectorError
from stepcast.connect.finished_run import FinishedRun
from stepcast.engine.arrays import Flags, Floats
from stepcast.engine.panel import Panel
from stepcast.engine.task import Task
from stepcast.pipeline import layout
from stepcast.pipeline.csv_files import stamps
from stepcast.pipeline.forecast_files import moments_ahead
from stepcast.pipeline.params import Params
from stepcast.pipeline.shards import Shard, label
from stepcast.pipeline.task import task_of

__all__ = ["Item", "find_item"]

NAMED = 3  # similar items in a message


@dataclass(frozen=True)
class Item:
    """``panel`` holds the one series; ``key`` are its values of ``key_names``; ``moments`` (horizon,) are the
    timestamps of the steps, as ISO 8601."""

    run: FinishedRun
    key_names: tuple[str, ...]
    key: tuple[str, ...]
    panel: Panel
    task: Task
    target: str
    moments: tuple[str, ...]

    @property
    def name(self) -> str:
        return label(self.key)

    @property
    def history(self) -> Floats:
        return self.panel.values[0]

    @property
    def observed(self) -> Flags:
        return self.panel.observed[0]


def find_item(run: FinishedRun, name: str) -> Item:
    """The item called ``name``: its identifier if that is one series, else ``identifier / dimension``.

    Raises ConnectorError, with similar names, where there is none or more than one.
    """
    text = run.text(layout.vintage_params(run.root, run.manifest.vintage))
    names: list[str] = []
    found: list[tuple[Shard, int]] = []
    for shard in run.shards():
        for place, key in enumerate(shard.keys):
            names.append(label(key))
            if name in (label(key), key[0]):
                found.append((shard, place))
    if text is None or not names:
        raise ConnectorError(
            f"predictor {run.manifest.predictor} is no longer stored: export from the latest run, which is "
            "kept unless params.json has PerformDelete"
        )
    exact = [one for one in found if label(one[0].keys[one[1]]) == name]
    found = exact or found
    if not found:
        close = get_close_matches(name, sorted(names), NAMED, cutoff=0)
        raise ConnectorError(f"the run has no item {name!r}: did you mean {', '.join(map(repr, close))}?")
    if len(found) > 1:
        several = ", ".join(repr(label(shard.keys[place])) for shard, place in found[:NAMED])
        raise ConnectorError(f"item {name!r} has {len(found)} series: give one of them, such as {several}")
    ((shard, place),) = found
    params = Params.model_validate_json(text)
    task = task_of(params)
    moments = stamps(moments_ahead(shard, task.horizon), "%Y-%m-%dT%H:%M:%S")
    return Item(
        run=run,
        key_names=tuple(part.lower() for part in shard.key_names),
        key=shard.keys[place],
        panel=shard.panel.take([place]),
        task=task,
        target=params.target.target.lower(),
        moments=tuple(moments.to_pylist()),
    )
