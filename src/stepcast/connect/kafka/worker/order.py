"""All that a worker process is told."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from stepcast.connect.kafka.worker.plan import Emission, Plan

__all__ = ["Order", "Source"]


@dataclass(frozen=True)
class Source:
    """What forecasts: a predictor in a folder, or a model of the user's own, ``module:attribute``."""

    folder: str | None = None
    model: str | None = None


@dataclass(frozen=True)
class Order:
    """``client`` goes to librdkafka as it is: ``bootstrap.servers``, and what security needs.

    ``member``         what this worker is called among those of ``group``: its place is kept for it while it
                       restarts, and whoever takes the name fences who had it before.
    ``batch``          messages that are taken on together, at most.
    ``most_forecasts`` that wait for one transaction, about.
    ``buffer``         bytes of messages that are read ahead, and of records that are written behind, each.
    ``until_idle``     seconds without a message after which the worker ends; None is never.
    ``idle_timeout``   seconds without a message after which open periods of a partition are closed.
    """

    client: Mapping[str, str]
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

    @property
    def state(self) -> str:
        """The topic of the state."""
        return f"{self.group}-state"

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "Order":
        content = json.loads(text)
        plan = content.pop("plan")
        emission = Emission(**plan.pop("emission"))
        source = Source(**content.pop("source"))
        return cls(**content, source=source, plan=Plan(**plan, emission=emission))
