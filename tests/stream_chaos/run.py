"""Disturb a stream many times; afterwards it must have left what an undisturbed one leaves."""

import json
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from stepcast.connect.kafka.worker.plan import Plan
from stepcast.connect.kafka.worker.records import everything, restored
from tests.connect.kafka.worker.smoothing import Smoothing
from tests.services import Server, kafka
from tests.services.server import started
from tests.stream_chaos.readings import readings
from tests.stream_chaos.stream import Stream, behind, produce, read_all, streaming

__all__ = ["Report", "run"]

OPTIONS = ("--lateness", "20min", "--ahead", "-1")
PLAN = Plan(lateness=1_200_000)
PARTITIONS = 4
PATIENCE = 900  # seconds; a watchdog, not a measure
UNDISTURBED, DISTURBED = "undisturbed", "disturbed"


@dataclass
class Report:
    """``faults`` says what is not as it should be; ``hidden`` counts records of aborted transactions."""

    kills: int = 0
    broker_kills: int = 0
    rebalances: int = 0
    observations: int = 0
    forecasts: int = 0
    hidden: int = 0
    faults: list[str] = field(default_factory=list)


class Broker:
    """One that can be killed: it comes back at the same port, with what was on its disk."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._stack = folder, ExitStack()
        self.server: Server = self._stack.enter_context(started(kafka.SERVICE, folder))

    @property
    def address(self) -> str:
        return kafka.bootstrap(self.server)

    def kill(self) -> None:
        port = self.server.port
        self.server.kill()
        self.server = self._stack.enter_context(started(kafka.SERVICE, self._folder, port=port))

    def close(self) -> None:
        self._stack.close()


@contextmanager
def broker(folder: Path) -> Iterator[Broker]:
    one = Broker(folder)
    try:
        yield one
    finally:
        one.close()


def run(
    folder: Path,
    observations: int,
    items: int,
    seed: int,
    *,
    kills: int,
    broker_kills: int,
    rebalances: int,
    batch: int = 50,
    tell: Callable[[str], object] = str,
) -> Report:
    """Write ``observations`` part by part, and do one harm after each part, in a random order."""
    chance, report = random.Random(seed), Report(observations=observations)
    harms = ["worker"] * kills + ["broker"] * broker_kills + ["rebalance"] * rebalances
    chance.shuffle(harms)
    messages = list(readings(observations, items, seed))
    options = (*OPTIONS, "--batch", str(batch))
    with broker(folder) as kafka_, ExitStack() as streams:
        kafka.create_topics(kafka_.server, {"readings": PARTITIONS})
        main = streams.enter_context(streaming(kafka_.address, DISTURBED, "main", "--workers", "2", *options))
        third: Stream | None = None
        rest = iter(messages)
        for number, harm in enumerate(harms, 1):
            produce(kafka_.address, "readings", islice(rest, len(messages) // (len(harms) + 1)))
            time.sleep(chance.uniform(0.0, 1.5))  # the moment of the harm is what varies
            tell(f"{number} of {len(harms)}: {harm}")
            if harm == "worker":
                _kill_one(main, chance)
                report.kills += 1
            elif harm == "broker":
                kafka_.kill()
                report.broker_kills += 1
            else:
                if third is None:
                    third = streams.enter_context(streaming(kafka_.address, DISTURBED, "third", *options))
                    _await(lambda new=third: new.heard("assigned") > 0, "the third worker", third)
                else:
                    third.stop()
                    third = None
                report.rebalances += 1
        produce(kafka_.address, "readings", rest)
        _await(lambda: not behind(kafka_.address, DISTURBED, "readings"), "the end of the topic", main)
        for stream in filter(None, (third, main)):
            stream.stop()
        with streaming(kafka_.address, UNDISTURBED, "main", *options, "--until-idle", "3s") as whole:
            whole.process.wait(PATIENCE)
        _compare(kafka_.address, report)
    return report


def _kill_one(stream: Stream, chance: random.Random) -> None:
    _await(lambda: bool(stream.workers), "a worker to kill", stream)
    with suppress(ProcessLookupError):
        os.kill(chance.choice(stream.workers), signal.SIGKILL)


def _await(done: Callable[[], bool], what: str, stream: Stream) -> None:
    deadline = time.monotonic() + PATIENCE
    while not done():
        if time.monotonic() > deadline or stream.process.poll() is not None:
            raise AssertionError(f"{what} did not come; {stream.events[-5:]} {''.join(stream.other[-30:])}")
        time.sleep(0.1)


def _compare(bootstrap: str, report: Report) -> None:
    """The forecasts and the state of the disturbed stream with those of the undisturbed one."""
    forecasts = {group: read_all(bootstrap, f"{group}-forecasts") for group in (UNDISTURBED, DISTURBED)}
    named = {
        group: Counter(_name(value) for part in parts for _, value in part)
        for group, parts in forecasts.items()
    }
    report.forecasts = sum(named[UNDISTURBED].values())
    report.hidden = sum(
        _count(bootstrap, topic) for topic in (f"{DISTURBED}-forecasts", f"{DISTURBED}-state")
    )
    if doubled := [name for name, count in named[DISTURBED].items() if count > 1]:
        report.faults.append(f"{len(doubled)} forecasts are there more than once, such as {doubled[:3]}")
    if lost := named[UNDISTURBED].keys() - named[DISTURBED].keys():
        report.faults.append(f"{len(lost)} forecasts are missing, such as {sorted(lost)[:3]}")
    if more := named[DISTURBED].keys() - named[UNDISTURBED].keys():
        report.faults.append(f"{len(more)} forecasts are of nothing, such as {sorted(more)[:3]}")
    for number, (mine, other) in enumerate(zip(*forecasts.values(), strict=True)):
        if mine != other:
            report.faults.append(f"partition {number} has other forecasts, or in another order")
    states = [read_all(bootstrap, f"{group}-state") for group in (UNDISTURBED, DISTURBED)]
    for number, (mine, other) in enumerate(zip(*states, strict=True)):
        if (wanted := _state(mine)) != (found := _state(other)):
            differing = [key for key in wanted.keys() | found.keys() if wanted.get(key) != found.get(key)]
            report.faults.append(
                f"the state of partition {number} differs in {len(differing)} of {len(wanted)} records, "
                f"such as {sorted(differing)[:3]}"
            )


def _count(bootstrap: str, topic: str) -> int:
    """Records of aborted transactions in a topic."""
    both = (read_all(bootstrap, topic, kind) for kind in ("read_uncommitted", "read_committed"))
    whole, committed = (sum(map(len, parts)) for parts in both)
    return whole - committed


def _name(value: bytes) -> tuple[str, str]:
    content = json.loads(value)
    return content["item_id"], content["origin"]


def _state(messages: list[tuple[bytes, bytes]]) -> dict[bytes, bytes]:
    """What a worker makes of the state's partition, written out whole."""
    partition, offset = restored(PLAN, Smoothing(), dict(messages))
    return everything(partition, offset or 0)
