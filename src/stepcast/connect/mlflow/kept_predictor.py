"""A predictor loaded from the files of its run: repeats the same forecast without training."""

from collections.abc import Sequence
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path

import numpy as np
import pyarrow as pa

from stepcast import engine
from stepcast.connect.errors import ConnectorError
from stepcast.engine import archive
from stepcast.engine.results import Trained
from stepcast.engine.task import Task
from stepcast.pipeline import layout
from stepcast.pipeline.forecast_files import raw_table
from stepcast.pipeline.params import Params
from stepcast.pipeline.shards import Shard, read_shard
from stepcast.pipeline.task import task_of

__all__ = ["KeptPredictor"]

Key = tuple[str | None, ...]  # None stands for any value


class KeptPredictor:
    """The predictor in ``folder``: params.json, and one file per shard in ``shards/`` and ``trained/``."""

    def __init__(self, folder: Path) -> None:
        self.params = Params.model_validate_json((folder / layout.PARAMS).read_bytes())
        self.task: Task = task_of(self.params)
        self.parts: list[tuple[Shard, Trained]] = []
        for path in sorted((folder / "shards").glob("*.parquet"), key=_number):
            trained = (folder / "trained" / path.name).with_suffix(".npz").read_bytes()
            self.parts.append((read_shard(path), archive.from_bytes(Trained, trained)))

    @property
    def key_names(self) -> tuple[str, ...]:
        """The columns that name a series: the identifier, then the forecast dimensions."""
        return tuple(name.lower() for name in self.params.series_key)

    def forecast(
        self,
        wanted: Sequence[Key] = (),
        horizon: int | None = None,
        quantiles: Sequence[float] = (),
    ) -> pa.Table:
        """Identifier, date, dimensions and one column per output, as in the export's ``raw/``.

        ``wanted``     one key per series, ordered as ``key_names``, None for any value; all series if empty.
        ``horizon``    the number of periods; all that it was trained for if None.
        ``quantiles``  in hundredths, instead of those of params.json. The mean is included if exported.

        Raises:
            ConnectorError: a series, horizon or quantile that it cannot forecast.
        """
        steps = self._steps(horizon)
        params = self._params(quantiles)
        task = replace(self.task, outputs=params.forecast.outputs)
        asked = _Asked(wanted)
        parts: list[tuple[Shard, Trained]] = []
        for shard, trained in self.parts:
            rows = [row for row, key in enumerate(shard.keys) if asked.has(key)]
            if rows:
                keys = tuple(shard.keys[row] for row in rows)
                parts.append((Shard(shard.key_names, keys, shard.panel.take(rows)), _take(trained, rows)))
        if asked.missing:
            raise self._unknown(asked.missing)
        forecast = ((shard, engine.forecast(shard.panel, task, trained)) for shard, trained in parts)
        return pa.concat_tables(raw_table(shard, one.values[:, :steps], params) for shard, one in forecast)

    def _steps(self, horizon: int | None) -> int:
        if horizon is None:
            return self.task.horizon
        if not 1 <= horizon <= self.task.horizon:
            raise ConnectorError(
                f"horizon is {horizon}: the predictor was trained for 1 to {self.task.horizon} periods; for "
                "a longer one, train with another ForecastHorizon"
            )
        return horizon

    def _params(self, quantiles: Sequence[float]) -> Params:
        if not len(quantiles):
            return self.params
        kinds = [f"{quantile:.2f}" for quantile in quantiles]
        exact = np.allclose([float(kind) for kind in kinds], quantiles, rtol=0, atol=1e-9)
        if not exact or not all(0.01 <= float(kind) <= 0.99 for kind in kinds):
            raise ConnectorError(
                f"quantiles are {list(quantiles)}: write hundredths from 0.01 to 0.99, such as 0.05"
            )
        mean = ["mean"] if "mean" in self.params.forecast.outputs else []
        asked = self.params.forecast.model_copy(update={"forecast_types": (*kinds, *mean)})
        return self.params.model_copy(update={"forecast": asked})

    def _unknown(self, missing: Sequence[Key]) -> ConnectorError:
        items = sorted({key[0] for shard, _ in self.parts for key in shard.keys})
        close = get_close_matches(str(missing[0][0]), items, 3, cutoff=0)
        more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
        name = " / ".join(part for part in missing[0] if part is not None)
        return ConnectorError(
            f"the predictor has no series {name!r}{more}: did you mean {', '.join(close)}? An empty table "
            "selects all series"
        )


class _Asked:
    """Selects series by key; ``missing`` are the keys that no series has matched so far."""

    def __init__(self, wanted: Sequence[Key]) -> None:
        self._all = not wanted
        self._met: dict[tuple[int, ...], dict[tuple[str | None, ...], bool]] = {}
        for want in wanted:  # grouped by the parts given, so that a key is looked up, not searched for
            places = tuple(place for place, part in enumerate(want) if part is not None)
            self._met.setdefault(places, {})[tuple(want[place] for place in places)] = False
        self._wanted = list(wanted)

    def has(self, key: tuple[str, ...]) -> bool:
        found = self._all
        for places, met in self._met.items():
            part = tuple(key[place] for place in places)
            if part in met:
                met[part] = found = True
        return found

    @property
    def missing(self) -> list[Key]:
        return [want for want in self._wanted if not self._was_met(want)]

    def _was_met(self, want: Key) -> bool:
        places = tuple(place for place, part in enumerate(want) if part is not None)
        return self._met[places][tuple(want[place] for place in places)]


def _take(trained: Trained, rows: list[int]) -> Trained:
    """``trained`` for some series only; the backtest, which forecasting ignores, is kept whole."""
    return replace(
        trained,
        explanations=tuple(trained.explanations[row] for row in rows),
        coverage=trained.coverage[rows],
        tables=None if trained.tables is None else trained.tables[rows],
    )


def _number(path: Path) -> int:
    return int(path.stem.removeprefix("part-"))
