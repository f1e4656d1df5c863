"""The state of a partition as records of a compacted topic, and back.

``partition``    shared by all items, as JSON: the next offset of the input, the watermark, counts.
``series/ITEM``  the state of an item after its last closed period, written when a period is closed.
``open/ITEM``    its open periods, written with every observation. The record is not rewritten when they are
                 closed: closed periods are recognized by their number.
"""

import json
import struct
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass

import numpy as np

from stepcast.connect.errors import ConnectorError
from stepcast.connect.kafka.worker.bucket import Bucket
from stepcast.connect.kafka.worker.counts import Counts
from stepcast.connect.kafka.worker.forecaster import Forecaster
from stepcast.connect.kafka.worker.partition import Partition, Progress
from stepcast.connect.kafka.worker.plan import Plan

__all__ = ["Head", "everything", "head_of", "records", "restored"]

PARTITION, SERIES, OPEN = b"partition", b"series/", b"open/"
FORMAT = 1
SLOT = struct.Struct("<q?")

Record = tuple[bytes, bytes]


@dataclass(frozen=True)
class Head:
    """The record ``partition``."""

    offset: int
    closed: int | None
    newest: int
    predictor: str
    frequency: str
    aggregation: str
    counts: Counts

    def to_bytes(self) -> bytes:
        return json.dumps({"format": FORMAT, **asdict(self)}).encode()


def head_of(records: Mapping[bytes, bytes]) -> Head | None:
    """The head of stored records; None if the partition has no state yet."""
    if PARTITION not in records:
        return None
    content = json.loads(records[PARTITION])
    if content.pop("format") != FORMAT:
        raise ConnectorError("the state was written by another version of Stepcast: start a new --group")
    return Head(**{**content, "counts": Counts(**content["counts"])})


def records(partition: Partition, progress: Progress, offset: int) -> Iterator[Record]:
    """The records that ``progress`` changed; ``offset`` is the next of the input."""
    slots = np.array(sorted(partition.slots[item] for item in progress.closed), np.int64)
    for slot, known in zip(slots.tolist(), partition.series.to_bytes(slots), strict=True):
        flags = SLOT.pack(slot, bool(partition.drifting[slot]))
        yield SERIES + partition.ids[slot].encode(), flags + partition.recent.to_bytes(slot) + known
    buckets = [partition.open[period] for period in sorted(partition.open)]
    for item in progress.open:
        mine = [bucket[item].to_bytes() for bucket in buckets if item in bucket]
        if mine:
            yield OPEN + item.encode(), b"".join(mine)
    shared = Head(
        offset=offset,
        closed=partition.closed,
        newest=partition.newest,
        predictor=partition.forecaster.name,
        frequency=str(partition.grid.frequency),
        aggregation=partition.plan.aggregation,
        counts=partition.counts,
    )
    yield PARTITION, shared.to_bytes()


def everything(partition: Partition, offset: int) -> dict[bytes, bytes]:
    """All records: the same for the same messages, however they were batched."""
    all_open = {item for buckets in partition.open.values() for item in buckets}
    return dict(sorted(records(partition, Progress(all_open, set(partition.ids)), offset)))


def restored(plan: Plan, forecaster: Forecaster, kept: Mapping[bytes, bytes]) -> tuple[Partition, int | None]:
    """The partition with the stored records ``kept``, and its next offset; None if it is new.

    A partition that was written with another predictor continues with this one.
    """
    partition, head = Partition(plan, forecaster), head_of(kept)
    if head is None:
        return partition, None
    for name, before, now in (
        ("frequency", head.frequency, str(partition.grid.frequency)),
        ("aggregation", head.aggregation, plan.aggregation),
    ):
        if before != now:
            raise ConnectorError(
                f"the group's state has {name} {before}, not {now}: start a new --group, or use {before}"
            )
    partition.newest, partition.counts = head.newest, head.counts
    if head.closed is not None:
        partition.closed = head.closed
    series = {key: value for key, value in kept.items() if key.startswith(SERIES)}
    _put_series(partition, series, head.predictor)
    for key, value in kept.items():
        if key.startswith(OPEN):
            _put_open(partition, key.removeprefix(OPEN).decode(), value)
    return partition, head.offset


def _put_series(partition: Partition, kept: Mapping[bytes, bytes], predictor: str) -> None:
    in_order = sorted(kept.items(), key=lambda one: SLOT.unpack_from(one[1]))
    partition.ids = [key.removeprefix(SERIES).decode() for key, _ in in_order]
    partition.slots = {item: slot for slot, item in enumerate(partition.ids)}
    states = []
    flags = np.zeros(len(in_order), bool)
    for slot, (_, value) in enumerate(in_order):
        flags[slot] = SLOT.unpack_from(value)[1]
        rest = value[SLOT.size :]
        states.append(rest[partition.recent.put(slot, rest) :])
    if predictor == partition.forecaster.name:
        partition.series.put(partition.ids, states)
        partition.mark(flags)
    else:
        partition.take_over(partition.forecaster)


def _put_open(partition: Partition, item: str, value: bytes) -> None:
    at = 0
    while at < len(value):
        bucket, at = Bucket.read(value, at)
        if partition.closed is None or bucket.period > partition.closed:
            partition.open.setdefault(bucket.period, {})[item] = bucket
