"""The work of a worker with a user's model: each message is predicted, then learned from.

The model is any object with ``predict_one(x)`` and ``learn_one(x, y)``, as in river; each partition has its
own. If it has ``to_bytes`` and ``from_bytes``, these store its state; if not, it learns again from the
messages of its partition whenever a worker is assigned it. Nothing is pickled: whoever can write to the topic
could run code here.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from stepcast.connect.errors import ConnectorError
from stepcast.connect.kafka.formats import decoder
from stepcast.connect.kafka.worker.counts import Counts
from stepcast.connect.kafka.worker.forecasting import letter
from stepcast.connect.kafka.worker.order import Order
from stepcast.connect.kafka.worker.reading import Unreadable
from stepcast.connect.kafka.worker.work import Output, Record

__all__ = ["Learning"]

PARTITION, MODEL = b"partition", b"model"


class Learning:
    """``make`` returns a new model, which learns the field ``order.label`` from the others."""

    def __init__(self, name: str, make: Callable[[], Any], order: Order) -> None:
        self.name, self.make, self.label = name, make, order.label
        self.letters = order.letters is not None
        self.decode = decoder(order.places.format, order.settings.registry)
        model = make()
        for method in ("predict_one", "learn_one"):
            if not hasattr(model, method):
                raise ConnectorError(f"--model {name}: the model has no {method}")
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
        """Nothing is slow to prepare."""


class _Part:
    watermark, items, drifting, is_open = 0, (), 0, False

    def __init__(self, work: Learning, model: Any, counts: Counts) -> None:
        self._work, self._model, self.counts = work, model, counts
        self._outputs: list[Output] = []
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
        except (ValueError, TypeError, AttributeError, Unreadable) as error:
            self.counts.unreadable += 1
            if self._work.letters:
                self._outputs.append(letter(message, f"it has no features: {error}"))
            return
        self.counts.observations += 1
        document: dict[str, Any] = {"prediction": self._model.predict_one(features)}
        if label is not None:
            document["label"] = label
            self._model.learn_one(features, label)
            self._learned = True
        document |= {"partition": message.partition(), "offset": message.offset()}
        self._outputs.append(Output(message.key(), json.dumps(document).encode()))
        self.counts.forecasts += 1

    def _read(self, message: Any) -> tuple[dict[str, Any], Any]:
        """Features by name, or by number for CSV; and the label, which may be the key."""
        if message.value() is None:
            raise Unreadable("it has no value")
        document = self._work.decode(message.value())
        named = document.items() if isinstance(document, dict) else enumerate(document)
        features = {str(name): _number(value) for name, value in named}
        if self._work.label == "key":
            return features, None if message.key() is None else _number(message.key().decode())
        return features, features.pop(self._work.label, None) if self._work.label else None

    def close(self) -> None:
        """There are no periods to close."""

    def take(self, offset: int) -> tuple[Iterable[Output], Iterable[Record]]:
        outputs, self._outputs = self._outputs, []
        records = [(PARTITION, json.dumps({"offset": offset, "counts": asdict(self.counts)}).encode())]
        if self._learned and self._work.keeps:
            records.append((MODEL, self._model.to_bytes()))
        self._learned = False
        return outputs, records

    def go_on_with(self, work: Any) -> None:
        """A user's model has no successor."""


def _number(value: Any) -> Any:
    """Parse strings that are numbers, since CSV and keys have only strings."""
    if not isinstance(value, str):
        return value
    for kind in (int, float):
        try:
            return kind(value)
        except ValueError:
            continue
    return value
