"""A real broker for all tests of the worker, small predictors, and commands that stream."""

import itertools
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stepcast import engine
from stepcast.connect.kafka.worker.published import SHARED
from stepcast.engine.frequency import Frequency
from stepcast.engine.panel import Panel
from stepcast.engine.sampling import Draw
from stepcast.pipeline import layout
from stepcast.pipeline.params import Params
from stepcast.pipeline.shards import Shard, write_shard
from stepcast.pipeline.task import task_of
from tests.services import Server, kafka
from tests.stream_chaos.stream import read_all

ROOT = Path(__file__).parents[4]
NUMBERS = itertools.count()
HORIZON = 3


@dataclass(frozen=True)
class Broker:
    server: Server

    @property
    def address(self) -> str:
        return kafka.bootstrap(self.server)

    def topic(self, partitions: int = 1) -> str:
        """A new one."""
        name = f"stream-{next(NUMBERS)}"
        kafka.create_topics(self.server, {name: partitions})
        return name

    def forecasts(self, topic: str) -> list[dict[str, Any]]:
        """What is committed, one partition after another."""
        return [json.loads(value) for part in read_all(self.address, topic) for _, value in part]


@pytest.fixture(scope="session")
def broker(broker: Any) -> Broker:
    """The broker of the folder above."""
    return Broker(broker.server)


def values_of(ids: tuple[str, ...], periods: int) -> tuple[np.ndarray[Any, Any], ...]:
    """A week's season, and a little chance."""
    days = np.arange(periods)
    return tuple(
        10 + place + 3 * np.sin(2 * np.pi * days / 7) + np.random.default_rng(place).normal(0, 0.3, periods)
        for place in range(len(ids))
    )


def predictor_in(folder: Path, ids: tuple[str, ...], periods: int, end: int) -> Path:
    """A predictor of daily series that end at period ``end``, as ``published.fetch`` leaves one."""
    given = json.loads((ROOT / "params.json").read_text("utf-8"))
    given["Predictor"] |= {"ForecastHorizon": HORIZON, "EvaluationParameters": {}}
    given["Predictor"]["FeaturizationConfig"]["ForecastFrequency"] = "D"
    given["Datasets"][0]["DataFrequency"] = "D"
    params = Params.model_validate(given)
    values = values_of(ids, periods)
    panel = Panel(ids, values, tuple(np.ones(periods, bool) for _ in ids), end, Frequency.parse("D"))
    (folder / "shards").mkdir(parents=True)
    text = params.model_dump_json(by_alias=True, exclude_defaults=True)
    (folder / layout.PARAMS).write_text(text, "utf-8")
    write_shard(folder / "shards/part-0.parquet", Shard(("item_id",), tuple((item,) for item in ids), panel))
    (folder / SHARED).write_bytes(engine.fit_shared(Draw.of(panel), task_of(params)))
    return folder
