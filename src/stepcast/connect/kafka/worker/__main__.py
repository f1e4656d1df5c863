"""A worker process: ``python -m stepcast.connect.kafka.worker``, with its order on stdin.

It ends with its parent, which holds the other end of stdin open.
"""

import json
import signal
import sys
from threading import Event, Thread
from types import FrameType
from typing import Any

from stepcast.connect.errors import ConnectorError
from stepcast.connect.kafka.worker.events import log
from stepcast.connect.kafka.worker.fleet import REFUSED
from stepcast.connect.kafka.worker.order import Order


def main() -> int:
    stop = Event()

    def end(number: int, _: FrameType | None) -> None:
        del number
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)
    order = Order.from_json(sys.stdin.readline())
    Thread(target=_end_with_parent, args=(stop,), daemon=True).start()
    try:
        from stepcast.connect.kafka.worker.loop import Worker
        from stepcast.connect.kafka.worker.reading import json_reader
        from stepcast.connect.kafka.worker.sources import forecaster_of

        Worker(order, forecaster_of(order.source), json_reader(), stop).run()
    except ConnectorError as error:
        log("refused", level="error", reason=str(error))
        say({"refused": str(error)})
        return REFUSED
    return 0


def say(facts: dict[str, Any]) -> None:
    """Tell the parent."""
    sys.stdout.write(json.dumps(facts) + "\n")
    sys.stdout.flush()


def _end_with_parent(stop: Event) -> None:
    sys.stdin.read()
    stop.set()


if __name__ == "__main__":
    sys.exit(main())
