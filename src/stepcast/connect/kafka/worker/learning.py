"""A model of the user's own as the work of a worker: each message is predicted, then learned from.

The model is any object with ``predict_one(x)`` and ``learn_one(x, y)``, as river has them: one for each
partition. Its state is kept as bytes where it has ``to_bytes`` and ``from_bytes``. One without them learns
again from the messages of its partition whenever a worker is assigned it. Nothing is pickled: whoever may
write to the topic could run code here.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from stepcast.connect.errors import ConnectorError
from stepcast.connect.kafka.worker.counts import Counts
from stepcast.connect.kafka.worker.order import Order
from stepcast.connect.kafka.worker.work import Record

__all__ = ["Learning"]

PARTITION, MODEL = b"partition", b"model"


class Learning:
    """With models that ``make`` makes: the feature ``order.label`` is learned from the others."""

    def __init__(self, name: str, make: Callable[[], Any], order: Order) -> None:
        self.name, self.make, self.label = name, make, order.label
        model = make()
        for method in ("predict_one", "learn_one"):
            if not hasattr(model, method):
                raise ConnectorError(f"--model {name}: what it makes has no {method}")
        self.keeps = hasattr(model, "to_bytes") and hasattr(model, "from_bytes")
        self.learns_again = self.label is not None and not self.keeps

    def part(self, kept: Mapping[bytes, bytes]) -> tuple["_Part", int | None]:
        if PARTITION not in kept:
            return _Part(self, self.make(), Counts()), None
        head = json.loads(kept[PARTITION])
        model = self.make()
        if MODEL in kept and self.keeps:
            model = model.from_bytes(kept[MODEL])
        counts = Counts() if self.learns_again else Counts(**head["counts"])
        return _Part(self, model, counts), head["offset"]

    def prepare(self, items: Sequence[str]) -> None:
        """Nothing takes long."""


class _Part:
    watermark, items, drifting, is_open = 0, (), 0, False

    def __init__(self, work: Learning, model: Any, counts: Counts) -> None:
        self._work, self._model, self.counts = work, model, counts
        self._outputs: list[Record] = []
        self._learned = False

    def take_on(self, messages: Sequence[Any], most: int) -> int:
        for number, message in enumerate(messages, 1):
            self._take_on(message)
            if len(self._outputs) > most:
                return number
        return len(messages)

    def _take_on(self, message: Any) -> None:
        try:
            features, label = self._read(message)
        except (ValueError, TypeError, AttributeError):
            self.counts.unreadable += 1
            return
        self.counts.observations += 1
        document: dict[str, Any] = {"prediction": self._model.predict_one(features)}
        if label is not None:
            document["label"] = label
            self._model.learn_one(features, label)
            self._learned = True
        document |= {"partition": message.partition(), "offset": message.offset()}
        self._outputs.append((message.key(), json.dumps(document).encode()))
        self.counts.forecasts += 1

    def _read(self, message: Any) -> tuple[dict[str, Any], Any]:
        """Features by name, and the label, which may be the key."""
        features = dict(json.loads(message.value()))
        if self._work.label == "key":
            return features, None if message.key() is None else json.loads(message.key())
        return features, features.pop(self._work.label, None) if self._work.label else None

    def close(self) -> None:
        """There is nothing open."""

    def take(self, offset: int) -> tuple[Iterator[Record], Iterator[Record]]:
        outputs, self._outputs = self._outputs, []
        records = [(PARTITION, json.dumps({"offset": offset, "counts": asdict(self.counts)}).encode())]
        if self._learned and self._work.keeps:
            records.append((MODEL, self._model.to_bytes()))
        self._learned = False
        return iter(outputs), iter(records)

    def go_on_with(self, work: Any) -> None:
        """A model of the user's own is not followed by another."""
