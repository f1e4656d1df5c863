"""A worker process: ``python -m stepcast.connect.kafka.worker``.

The first line of stdin is its order; later lines name folders of newer predictors, all as JSON. It reports as
JSON lines on stdout. When its parent ends, stdin is closed and the worker stops.
"""

import json
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import replace
from threading import Event, Thread
from types import FrameType
from typing import TYPE_CHECKING, Any

from confluent_kafka import KafkaError, KafkaException

from stepcast.connect.errors import ConnectorError
from stepcast.connect.kafka.client import AWAY, DENIED, LOGIN_FAILED, Cluster
from stepcast.connect.kafka.errors import NoAnswer
from stepcast.connect.kafka.worker.events import log
from stepcast.connect.kafka.worker.fleet import FENCED, REFUSED, UNREACHED
from stepcast.connect.kafka.worker.limits import refused_timeout
from stepcast.connect.kafka.worker.order import Order, Source

if TYPE_CHECKING:
    from stepcast.connect.kafka.worker.loop import Worker
    from stepcast.connect.kafka.worker.work import Work

# Another worker has taken this one's name, and the broker has fenced this one.
TAKEN = {
    KafkaError._FATAL,
    KafkaError._FENCED,
    KafkaError.FENCED_INSTANCE_ID,
    KafkaError.PRODUCER_FENCED,
    KafkaError.INVALID_PRODUCER_EPOCH,
}

Tell = Callable[[dict[str, Any]], None]


def main() -> int:
    stop = Event()

    def end(number: int, _: FrameType | None) -> None:
        del number
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)
    order = Order.from_json(sys.stdin.readline())
    tell = own_stdout()
    try:
        from stepcast.connect.kafka.worker.loop import Worker
        from stepcast.connect.kafka.worker.sources import work_of

        def newer(folder: str) -> "Work":
            return work_of(replace(order, source=Source(folder=folder)))

        worker = Worker(order, work_of(order), newer, stop, lambda report: tell({"report": report.to_dict()}))
        Thread(target=_listen, args=(worker, stop), daemon=True).start()
        worker.run()
    except NoAnswer as error:
        return refused(error, UNREACHED, tell)
    except ConnectorError as error:
        return refused(error, REFUSED, tell)
    except KafkaException as error:
        said, cluster = error.args[0], Cluster(order.settings)
        if said.code() in TAKEN:
            log("fenced", level="error", group=order.group, member=order.member, reason=said.str())
            return FENCED
        if (limit := refused_timeout(said, order, cluster)) is not None:
            return refused(limit, REFUSED, tell)
        if said.code() not in AWAY | DENIED | LOGIN_FAILED:
            raise
        what = f"the topics, the group {order.group} or the transactions of a stream"
        return refused(cluster.explained(said, what), REFUSED if said.code() in DENIED else UNREACHED, tell)
    return 0


def refused(error: Exception, code: int, tell: Tell) -> int:
    """Tell the parent why, which prints it; the exit code."""
    tell({"refused": str(error)})
    return code


def own_stdout() -> Tell:
    """Keep stdout for reports to the parent; what else is printed, as by a user's model, goes to stderr."""
    pipe = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)

    def tell(facts: dict[str, Any]) -> None:
        pipe.write(json.dumps(facts) + "\n")
        pipe.flush()

    return tell


def _listen(worker: "Worker", stop: Event) -> None:
    for line in sys.stdin:
        worker.successor.ask(json.loads(line)["predictor"])
    stop.set()


if __name__ == "__main__":
    sys.exit(main())
