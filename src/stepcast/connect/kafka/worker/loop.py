"""A worker: reads messages, processes them, commits forecasts, state and offsets in one transaction."""

import os
import time
from collections.abc import Callable, Iterator, Sequence
from struct import error as StructError  # noqa: N812  # it is a class
from threading import Event
from typing import Any

from confluent_kafka import (
    OFFSET_BEGINNING,
    OFFSET_END,
    OFFSET_INVALID,
    Consumer,
    KafkaError,
    KafkaException,
    TopicPartition,
)

from stepcast.connect.errors import ConnectorError
from stepcast.connect.kafka.client import Cluster
from stepcast.connect.kafka.worker.events import log
from stepcast.connect.kafka.worker.order import Order
from stepcast.connect.kafka.worker.owned import Owned
from stepcast.connect.kafka.worker.patience import patiently
from stepcast.connect.kafka.worker.report import PartitionReport, WorkerReport
from stepcast.connect.kafka.worker.restore import replay, restore
from stepcast.connect.kafka.worker.successor import Successor
from stepcast.connect.kafka.worker.timing import Histogram
from stepcast.connect.kafka.worker.topics import end_offsets, prepare
from stepcast.connect.kafka.worker.transaction import Aborted, Transactions
from stepcast.connect.kafka.worker.work import Output, Part, Work
from stepcast.engine.errors import ForecastingError

__all__ = ["Worker"]

TICK = 0.2  # seconds to wait for a message
PATIENCE = 60  # seconds to wait for the broker
ENDS_WITHIN = 5.0  # seconds to wait for it when partitions are revoked, which delays the rebalance
ANY = -1  # the producer chooses the partition by the key
SAYS_EVERY = 1.0  # seconds between reports
LONGEST_BATCH = (
    1800  # seconds until the group considers a worker dead: a batch may have many new items to examine
)


class Worker:
    """One member of the group.

    Rebalances are eager: all partitions are revoked, between two transactions, before any is assigned. A
    transaction names the generation of the group in which its partitions were assigned, so the broker rejects
    the transactions of a member that the group has removed. The state of a partition that is assigned again
    is restored only if another worker has written to it meanwhile: this costs no more than a cooperative
    rebalance.
    """

    def __init__(
        self,
        order: Order,
        work: Work,
        newer: Callable[[str], Work],
        stop: Event,
        say: Callable[[WorkerReport], None],
    ) -> None:
        self._order, self._work, self._stop = order, work, stop
        self.successor = Successor(newer, self._items)
        self._owned: dict[int, Owned] = {}
        self._given_up: dict[int, Owned] = {}
        self._group: Any = None
        self._assigned_at = 0.0
        self._cluster = Cluster(order.settings)
        self._admin = self._cluster.admin()
        self._silence: str | None = None
        self._say, self._said, self._aborted, self._times = say, 0.0, 0, Histogram()

    def run(self) -> None:
        """Work until ``stop`` is set, or no message has arrived for ``until_idle`` seconds."""
        order = self._order
        partitions, self._outputs = prepare(order, self._cluster)
        producer = self._cluster.producer(producer_settings(order))
        self._transactions = Transactions(producer, order.transaction_timeout + PATIENCE, self._stop)
        consumer = self._consumer = self._cluster.consumer(order.group, must=consumer_settings(order))
        try:
            consumer.subscribe(
                [order.read], on_assign=self._assigned, on_revoke=self._revoked, on_lost=self._lost
            )
            log("started", group=order.group, member=order.member, pid=os.getpid(), partitions=partitions)
            self._report(now=True)  # whoever started it knows that brokers were reached
            while not self._stop.is_set():
                batch = self._next_batch()
                try:
                    self._take_on(batch)
                    self._close_idle()
                    self._take_over()
                except Aborted as why:
                    self._aborted += 1
                    log("aborted", level="warning", reason=str(why))
                    self._begin_again()
                self._report()
                if self._is_done():
                    break
            self._report(now=True)
        finally:
            self._stop.set()
            consumer.close()
            log("stopped", group=order.group, member=order.member)

    def _next_batch(self) -> list[Any]:
        """The messages at hand, after waiting for the first one."""
        first = self._consumer.poll(TICK)
        if first is None:
            return []
        return [first, *self._consumer.consume(self._order.batch - 1, 0)]

    def _take_on(self, batch: Sequence[Any]) -> None:
        now = time.monotonic()
        for message in batch:
            owned = self._owned.get(message.partition())
            error = message.error()
            if error is not None:
                self._hear(error, message, owned)
            elif owned is not None and (owned.offset is None or message.offset() >= owned.offset):
                # A batch may hold a message from before a rebalance: then its partition belongs to another
                # worker, or the message comes a second time.
                owned.waiting.append(message)
                owned.offset = message.offset() + 1
                owned.heard, owned.at_end = now, False
        for owned in self._owned.values():
            while owned.waiting:
                done = owned.part.take_on(owned.waiting, self._order.most_forecasts)
                owned.waiting = owned.waiting[done:]
                if owned.waiting:  # most_forecasts are pending
                    self._commit()
        self._commit()

    def _hear(self, error: KafkaError, message: Any, owned: Owned | None) -> None:
        if error.code() == KafkaError._PARTITION_EOF:
            if owned is not None:
                owned.at_end = True
                # Transaction markers may follow the last message: without them, lag would not become 0.
                owned.offset = max(owned.offset or 0, message.offset())
        elif error.code() == KafkaError._AUTO_OFFSET_RESET:
            raise ConnectorError(
                f"{message.topic()} [{message.partition()}] has lost messages that were not read yet "
                f"({error.str()}): its retention is shorter than the lag. --skip-lost continues after them"
            )
        elif error.fatal() or not error.retriable():
            raise KafkaException(error)

    def _commit(self) -> None:
        """Commit everything since the last transaction."""
        moved = {
            n: owned
            for n, owned in self._owned.items()
            if owned.offset is not None and owned.reached != owned.committed
        }
        if moved:
            self._write(moved)

    def _write(self, moved: dict[int, Owned]) -> None:
        offsets = [TopicPartition(self._order.read, n, owned.reached) for n, owned in moved.items()]
        begun = time.monotonic()
        self._transactions.write(self._written(moved), offsets, self._group)
        self._times.add(time.monotonic() - begun)
        self._cluster.heard()
        for owned in moved.values():
            owned.committed = owned.reached

    def _written(self, moved: dict[int, Owned]) -> Iterator[tuple[str, int, Output]]:
        order = self._order
        for number, owned in moved.items():
            outputs, records = owned.part.take(owned.reached)
            for output in outputs:
                if output.letter:
                    yield str(order.letters), ANY, output
                else:
                    yield order.write, self._places_of_outputs(number), output
            for key, value in records:
                yield order.state, number, Output(key, value)

    def _places_of_outputs(self, number: int) -> int:
        """The output partition for an input partition: the same number, unless there are fewer."""
        return number % self._outputs

    def _close_idle(self) -> None:
        timeout, now = self._order.idle_timeout, time.monotonic()
        if timeout is None:
            return
        idle = {
            n: owned
            for n, owned in self._owned.items()
            if owned.part.is_open and owned.at_end and now - owned.heard >= timeout
        }
        for owned in idle.values():
            owned.part.close()
        if idle:
            self._write(idle)

    def _take_over(self) -> None:
        """Switch all partitions to a newer predictor if one is ready, from their next period on."""
        work = self.successor.take()
        if work is None or work.name == self._work.name:
            return
        log("takes_over", member=self._order.member, predictor=work.name, before=self._work.name)
        self._work, self._given_up = work, {}
        for owned in self._owned.values():
            owned.part.go_on_with(work)
        begun = {n: owned for n, owned in self._owned.items() if owned.offset is not None}
        if begun:
            self._write(begun)

    def _items(self) -> list[str]:
        """The items of all partitions of this worker; called by another thread."""
        return [item for owned in list(self._owned.values()) for item in list(owned.part.items)]

    def _report(self, *, now: bool = False) -> None:
        if not now and time.monotonic() - self._said < SAYS_EVERY:
            return
        self._said = time.monotonic()
        if (silence := self._cluster.silence) != self._silence:
            self._silence = silence
            if silence is not None:
                log("waiting", level="warning", what="a broker", reason=silence)
        partitions = {}
        for number, owned in self._owned.items():
            place = TopicPartition(self._order.read, number)
            partitions[number] = PartitionReport(
                offset=-1 if owned.offset is None else owned.offset,
                end=max(-1, self._consumer.get_watermark_offsets(place, cached=True)[1]),
                watermark=owned.part.watermark,
                items=len(owned.part.items),
                drifting=owned.part.drifting,
                counts=owned.part.counts,
            )
        self._say(
            WorkerReport(
                predictor=self._work.name,
                committed=sum(self._times.counts),
                aborted=self._aborted,
                seconds=self._times.total,
                histogram=self._times.counts,
                partitions=partitions,
            )
        )

    def _is_done(self) -> bool:
        until, now = self._order.until_idle, time.monotonic()
        if until is None or self._group is None or now - self._assigned_at < until:
            return False
        return all(owned.at_end and now - owned.heard >= until for owned in self._owned.values())

    def _assigned(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        self._group, self._assigned_at = consumer.consumer_group_metadata(), time.monotonic()
        numbers = [place.partition for place in partitions]
        self._owned = self._opened(numbers)
        self._given_up = {}
        consumer.assign(self._places())
        log("assigned", member=self._order.member, partitions=sorted(numbers))

    def _places(self) -> list[TopicPartition]:
        begin = OFFSET_END if self._order.from_latest else OFFSET_BEGINNING
        return [
            TopicPartition(self._order.read, n, begin if owned.offset is None else owned.offset)
            for n, owned in self._owned.items()
        ]

    def _opened(self, numbers: list[int]) -> dict[int, Owned]:
        """The partitions with the state that their last transaction committed."""
        if not numbers:
            return {}
        order, now = self._order, time.monotonic()
        committed = self._committed(numbers)  # waits for transactions that are being completed
        ends = patiently(lambda: end_offsets(self._admin, order.state, numbers), order.state, self._stop)
        kept = {n: owned for n, owned in self._given_up.items() if ends.get(n) == owned.end}
        wanted = {n: end for n, end in ends.items() if n not in kept}
        patience = order.transaction_timeout + PATIENCE
        found = restore(self._cluster, order.state, wanted, patience, self._stop)
        opened = {}
        for n in numbers:
            if n in kept:
                opened[n] = kept[n]
                opened[n].heard = now
                continue
            try:
                part, offset = self._work.part(found[n])
            except (ValueError, LookupError, TypeError, StructError, ForecastingError) as error:
                raise ConnectorError(
                    f"the state in {order.state} [{n}] is damaged, or not by Stepcast: {error}. Start a "
                    "new --group, and let only workers write to its state"
                ) from error
            if offset is None and committed[n] != OFFSET_INVALID:
                raise ConnectorError(
                    f"the group {order.group} is at offset {committed[n]} of {order.read} [{n}], and has no "
                    f"state in {order.state}: another consumer uses the group, or the topic was deleted. "
                    "Start a new --group"
                )
            if offset is not None and committed[n] not in (offset, OFFSET_INVALID):
                raise ConnectorError(
                    f"the group {order.group} is at offset {committed[n]} of {order.read} [{n}], and its "
                    f"state at {offset}: somebody reset the offsets. Start a new --group, or reset them back"
                )
            if offset is not None and self._work.learns_again:
                self._replay(part, n, offset)
            opened[n] = Owned(part, offset, offset, now)
        return opened

    def _replay(self, part: Part, number: int, until: int) -> None:
        """Learn again from the messages before ``until``; their outputs exist already and are dropped."""
        for messages in replay(self._cluster, self._order.read, number, until, self._stop):
            while messages:
                messages = messages[part.take_on(messages, self._order.most_forecasts) :]
                part.take(until)

    def _committed(self, numbers: list[int]) -> dict[int, int]:
        places = [TopicPartition(self._order.read, n) for n in numbers]
        found = patiently(
            lambda: self._consumer.committed(places, PATIENCE), f"group {self._order.group}", self._stop
        )
        return {one.partition: one.offset for one in found}

    def _revoked(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        """Give up the partitions, between two transactions, with what was read since the last one."""
        del consumer, partitions
        if self._owned and not self._stop.is_set():
            try:
                ends = end_offsets(self._admin, self._order.state, list(self._owned), ENDS_WITHIN)
            except KafkaException as failure:  # then the state is read again if a partition returns
                log("ends_unknown", level="warning", reason=failure.args[0].str())
                ends = {}
            for number, owned in self._owned.items():
                owned.end = ends.get(number)
        self._given_up, self._owned = self._owned, {}
        log("revoked", member=self._order.member, partitions=sorted(self._given_up))

    def _lost(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        del consumer, partitions
        log("lost", level="warning", member=self._order.member, partitions=sorted(self._owned))
        self._given_up, self._owned = {}, {}

    def _begin_again(self) -> None:
        """After an aborted transaction, restart from the last committed state."""
        numbers = list(self._owned)
        self._owned = self._given_up = {}
        self._owned = self._opened(numbers)
        self._consumer.assign(self._places())


def consumer_settings(order: Order) -> dict[str, Any]:
    return {
        # Static membership: a member that restarts gets its partitions back without a rebalance.
        "group.instance.id": f"{order.group}-{order.member}",
        "group.protocol": "classic",  # the consumer protocol has no eager rebalances
        "partition.assignment.strategy": "range",
        "isolation.level": "read_committed",
        "enable.partition.eof": True,
        "auto.offset.reset": "earliest" if order.skip_lost else "error",
        "session.timeout.ms": round(order.session_timeout * 1000),
        "heartbeat.interval.ms": round(order.session_timeout * 1000 / 3),
        "max.poll.interval.ms": LONGEST_BATCH * 1000,
        "queued.max.messages.kbytes": order.buffer >> 10,
        "fetch.message.max.bytes": min(order.buffer // 4, 1 << 20),
    }


def producer_settings(order: Order) -> dict[str, Any]:
    return {
        "transactional.id": f"{order.group}-{order.member}",
        "transaction.timeout.ms": round(order.transaction_timeout * 1000),
        "queue.buffering.max.kbytes": order.buffer >> 10,
        "queue.buffering.max.messages": 200_000,
        "compression.type": "lz4",
        "linger.ms": 5,
    }
