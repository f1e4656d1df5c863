"""The configuration that a worker process receives."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Literal

from stepcast.connect.kafka.settings import Settings
from stepcast.connect.kafka.worker.plan import Emission, Plan

__all__ = ["Order", "Places", "Source"]


@dataclass(frozen=True)
class Source:
    """A predictor in a folder, or a user's model as ``module:attribute``."""

    folder: str | None = None
    model: str | None = None


@dataclass(frozen=True)
class Places:
    """Where an observation is in a message, as in ``observations.reader``; None: the format's default."""

    format: str = "json"
    item: str | None = None
    timestamp: str | None = None
    value: str | None = None
    dimensions: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Order:
    """``read``, ``write`` and ``letters`` are topics; ``letters``, if given, gets unreadable messages.

    ``member``          this worker's name in ``group``: its partitions are kept for it while it restarts, and
                        a second worker of the same name fences the first.
    ``batch``           the most messages to process together.
    ``most_forecasts``  about how many forecasts one transaction may have.
    ``buffer``          bytes of messages to read ahead, and as many of records to write behind.
    ``until_idle``      seconds without a message after which the worker ends; None: never.
    ``idle_timeout``    seconds without a message after which a partition's open periods are closed.
    ``output``          the format of forecasts; Avro has its schema in the registry, subject ``write``-value.
    """

    settings: Settings
    read: str
    write: str
    group: str
    member: str
    source: Source
    plan: Plan
    batch: int = 10_000
    most_forecasts: int = 10_000
    buffer: int = 32 << 20
    session_timeout: float = 10.0
    transaction_timeout: float = 30.0
    until_idle: float | None = None
    idle_timeout: float | None = None
    from_latest: bool = False
    skip_lost: bool = False
    label: str | None = None
    letters: str | None = None
    places: Places = Places()  # frozen
    output: Literal["json", "avro"] = "json"

    @property
    def state(self) -> str:
        """The topic that holds the state."""
        return f"{self.group}-state"

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "Order":
        content = json.loads(text)
        plan = content.pop("plan")
        emission = Emission(**plan.pop("emission"))
        source = Source(**content.pop("source"))
        settings, places = Settings(**content.pop("settings")), Places(**content.pop("places"))
        plan = Plan(**plan, emission=emission)
        return cls(**content, settings=settings, places=places, source=source, plan=plan)
