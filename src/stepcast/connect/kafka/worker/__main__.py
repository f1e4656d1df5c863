"""A worker process: ``python -m stepcast.connect.kafka.worker``.

The first line of stdin is its order, and later ones name folders of newer predictors, both as JSON. It ends
with its parent, which holds the other end open.
"""

import json
import signal
import sys
from dataclasses import replace
from threading import Event, Thread
from types import FrameType
from typing import TYPE_CHECKING, Any

from confluent_kafka import KafkaError, KafkaException

from stepcast.connect.errors import ConnectorError
from stepcast.connect.kafka.client import Cluster, NoAnswer
from stepcast.connect.kafka.worker.events import log
from stepcast.connect.kafka.worker.fleet import FENCED, REFUSED, UNREACHED
from stepcast.connect.kafka.worker.order import Order, Source

if TYPE_CHECKING:
    from stepcast.connect.kafka.worker.loop import Worker
    from stepcast.connect.kafka.worker.work import Work

# The broker lets another go on under the name of this one.
TAKEN = {
    KafkaError._FATAL,
    KafkaError._FENCED,
    KafkaError.FENCED_INSTANCE_ID,
    KafkaError.PRODUCER_FENCED,
    KafkaError.INVALID_PRODUCER_EPOCH,
}

FORBIDDEN = {
    KafkaError.TOPIC_AUTHORIZATION_FAILED,
    KafkaError.GROUP_AUTHORIZATION_FAILED,
    KafkaError.CLUSTER_AUTHORIZATION_FAILED,
    KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
}


def main() -> int:
    stop = Event()

    def end(number: int, _: FrameType | None) -> None:
        del number
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)
    order = Order.from_json(sys.stdin.readline())
    try:
        from stepcast.connect.kafka.worker.loop import Worker
        from stepcast.connect.kafka.worker.sources import work_of

        def newer(folder: str) -> "Work":
            return work_of(replace(order, source=Source(folder=folder)))

        worker = Worker(order, work_of(order), newer, stop, lambda report: say({"report": report.to_dict()}))
        Thread(target=_listen, args=(worker, stop), daemon=True).start()
        worker.run()
    except NoAnswer as error:
        return refused(error, UNREACHED)
    except ConnectorError as error:
        return refused(error, REFUSED)
    except KafkaException as error:
        code = error.args[0].code()
        if code in FORBIDDEN:
            what = f"the topics, the group {order.group} or the transactions of a stream"
            return refused(Cluster(order.settings).explained(error.args[0], what), REFUSED)
        if code not in TAKEN:
            raise
        log("fenced", level="error", group=order.group, member=order.member, reason=error.args[0].str())
        return FENCED
    return 0


def refused(error: Exception, code: int) -> int:
    log("refused", level="error", reason=str(error))
    say({"refused": str(error)})
    return code


def say(facts: dict[str, Any]) -> None:
    """Tell the parent."""
    sys.stdout.write(json.dumps(facts) + "\n")
    sys.stdout.flush()


def _listen(worker: "Worker", stop: Event) -> None:
    for line in sys.stdin:
        worker.successor.ask(json.loads(line)["predictor"])
    stop.set()


if __name__ == "__main__":
    sys.exit(main())
