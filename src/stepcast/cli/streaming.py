"""The command behind ``stepcast stream``: runs the workers, their metrics and the predictor updates."""

import signal
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from shutil import rmtree
from threading import Event, Thread
from typing import TYPE_CHECKING, Any

from stepcast.cli.output import stderr

if TYPE_CHECKING:
    from stepcast.connect.kafka.worker.fleet import Fleet
    from stepcast.connect.kafka.worker.metrics import Metrics
    from stepcast.connect.kafka.worker.order import Order
    from stepcast.connect.kafka.worker.retraining import Policy, Retraining

__all__ = ["Predictors", "run_stream", "stopping"]

LOOPBACK = "127.0.0.1"
LOOKS_EVERY = 15.0  # seconds between checks for a newer predictor
ENDS_WITHIN = 10.0  # seconds for a download to finish


@dataclass(frozen=True)
class Predictors:
    """Where predictors are stored, which one is wanted, and when and how to request a new one."""

    s3: Any
    bucket: str
    wanted: str
    policy: "Policy"
    retraining: "Retraining | None" = None


def run_stream(
    orders: "Sequence[Order]", predictors: Predictors | None, folder: Path | None, metrics_port: int | None
) -> None:
    """Run until a signal arrives or the workers end; ``folder`` has the first predictor."""
    from stepcast.connect.hosts import Hosts
    from stepcast.connect.kafka.worker.fleet import Fleet
    from stepcast.connect.kafka.worker.metrics import Metrics
    from stepcast.connect.metrics_server import serve_metrics

    metrics = Metrics(orders[0].group)
    fleet = Fleet(orders, metrics.hear)
    with ExitStack() as stack:
        stop = stack.enter_context(stopping())
        if metrics_port is not None:
            server = stack.enter_context(
                serve_metrics(metrics.page, Hosts(LOOPBACK), LOOPBACK, metrics_port, "--metrics-port")
            )
            Thread(target=server.serve_forever, daemon=True).start()
            stack.callback(server.shutdown)
            stderr().print(
                f"metrics: http://{LOOPBACK}:{server.server_address[1]}/metrics",
                markup=False,
                highlight=False,
            )
        if predictors is not None and folder is not None:
            looking = Thread(
                target=_follow,
                args=(predictors, folder, fleet, metrics, stop),
                name="predictors",
                daemon=True,
            )
            looking.start()
            stack.callback(looking.join, ENDS_WITHIN)  # it may be writing to the folder, which goes next
            stack.callback(stop.set)
        fleet.run(stop)


def _follow(predictors: Predictors, folder: Path, fleet: "Fleet", metrics: "Metrics", stop: Event) -> None:
    """Pass newer predictors to the workers, and request retraining; failures are logged and retried."""
    from stepcast.connect.finished_run import LATEST
    from stepcast.connect.kafka.worker.events import log
    from stepcast.connect.kafka.worker.order import Source
    from stepcast.connect.kafka.worker.published import age_of, fetch, newest
    from stepcast.connect.kafka.worker.retraining import reason_to_retrain

    current, stale = folder.name, None
    while not stop.wait(LOOKS_EVERY):
        try:
            name = newest(predictors.s3, predictors.bucket) if predictors.wanted == LATEST else current
            if name is not None and name != current:
                place = fetch(predictors.s3, predictors.bucket, folder.parent, name)
                fleet.change(Source(folder=str(place)))
                log("new_predictor", predictor=name, before=current)
                if stale is not None:  # no worker starts with it any more
                    rmtree(stale, ignore_errors=True)
                stale, current = folder.parent / current, name
            retraining = predictors.retraining
            if retraining is not None and retraining.is_due:
                why = reason_to_retrain(predictors.policy, metrics.partitions.values(), age_of(current))
                if why is not None:
                    started = retraining.ask()
                    log("retraining", why=why, outcome=started.outcome, execution=started.execution_arn)
        except Exception as error:  # the stream continues with its predictor
            log("predictors_unavailable", level="error", reason=str(error))


@contextmanager
def stopping() -> Iterator[Event]:
    """An event that the first Ctrl-C or SIGTERM sets; the second one ends the command at once."""
    stop = Event()

    def note(*_: object) -> None:
        stop.set()
        for number, handler in before.items():
            signal.signal(number, handler)

    before = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
