"""A worker process: ``python -m stepcast.connect.kafka.worker``, with its order on stdin.

It ends with its parent, which holds the other end of stdin open.
"""

import signal
import sys
from threading import Event, Thread
from types import FrameType

from stepcast.connect.errors import ConnectorError
from stepcast.connect.kafka.worker.events import log
from stepcast.connect.kafka.worker.order import Order

REFUSED = 3  # the exit code where starting again would not help


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
        return REFUSED
    return 0


def _end_with_parent(stop: Event) -> None:
    sys.stdin.read()
    stop.set()


if __name__ == "__main__":
    sys.exit(main())
