"""Records of items as bytes and back, exactly; small, versioned, and safe to read from anyone."""

import struct
import zlib

import numpy as np

from stepcast.engine.arrays import Floats, Integers
from stepcast.engine.auto.members.smoothing_kernels import ADDITIVE, MULTIPLICATIVE, NONE
from stepcast.engine.errors import ForecastingError
from stepcast.engine.frequency import LONGEST_SEASON
from stepcast.engine.online.layout import FIELDS, MEMBERS, MOST_MEMBERS, NOTHING, PLAN, Layout
from stepcast.engine.online.members import CALENDAR, KINDS, VIEWS, floats_of, remember_logs
from stepcast.engine.online.quantiles import AROUND, COUNTS
from stepcast.engine.online.state import State

__all__ = ["RecordMismatch", "items_to_bytes", "put_items"]

MAGIC, VERSION = b"SCo", 4
# Magic, version, checksum, fingerprint, number of bytes of the name, of integers, of floats. Then the name,
# the integers, a bit for each float that is set if it is not zero, and the floats that are not zero.
HEADER = struct.Struct("<3sBI8sHHI")
COUNT = PLAN.index("count")
FAR = 2**60  # the largest valid number of periods
LARGEST_EXPONENT = 1100
MOST_FLOATS = 1_000_000


class RecordMismatch(ForecastingError):
    """Bytes that are not a record of an item, or that belong to another predictor."""


def items_to_bytes(state: State, items: Integers) -> list[bytes]:
    """One record for each of ``items``; the same state gives the same bytes."""
    return [_packed(state, int(item)) for item in items]


def put_items(state: State, records: list[bytes]) -> Integers:
    """Put records into the state, replacing those of the same items; returns their indexes (records,).

    Items that the state does not have are added. Raises RecordMismatch, and changes nothing, if one of
    ``records`` belongs to another predictor or is damaged.
    """
    read = [_unpacked(state, record) for record in records]
    fresh = list(dict.fromkeys(name for name, _, _ in read if name not in state.places))
    if fresh:
        width = state.rows.shape[1]
        state.grow(
            fresh, np.zeros((len(fresh), state.plans.shape[1]), np.int64), np.zeros((len(fresh), width))
        )
    for name, plan, row in read:
        state.put(state.places[name], plan, row)
    return state.find([name for name, _, _ in read])


def _packed(state: State, item: int) -> bytes:
    plan, row, layout = state.plans[item], state.rows[item], state.common.layout
    name = state.ids[item].encode()
    row = row.copy()
    row[layout.logs : layout.members] = 0.0
    words = row.view(np.int64)  # as bits: -0.0 and nan count as not zero
    used = int(np.flatnonzero(words).max(initial=-1)) + 1
    kept = words[:used] != 0
    whole = MEMBERS + int(plan[COUNT]) * FIELDS
    body = b"".join(
        (
            name,
            plan[:whole].astype("<i8").tobytes(),
            np.packbits(kept).tobytes(),
            words[:used][kept].astype("<i8").tobytes(),
        )
    )
    facts = (state.common.fingerprint, len(name), whole, used)
    return HEADER.pack(MAGIC, VERSION, _checksum(body, *facts), *facts) + body


def _checksum(body: bytes, *facts: bytes | int) -> int:
    return zlib.crc32(repr(facts).encode(), zlib.crc32(body))


def _unpacked(state: State, record: bytes) -> tuple[str, Integers, Floats]:
    try:
        magic, version, checksum, *facts = HEADER.unpack_from(record)
    except struct.error as problem:
        raise RecordMismatch(f"{len(record)} bytes are not a record of an item: {problem}") from None
    if magic != MAGIC or version != VERSION:
        raise RecordMismatch(
            f"a record begins with {record[:4]!r}, not {MAGIC + bytes([VERSION])!r}: another version wrote "
            "it; start from the panel again"
        )
    fingerprint, named, whole, used = facts
    body = record[HEADER.size :]
    if checksum != _checksum(body, *facts):
        raise RecordMismatch(f"a record of {len(record)} bytes does not match its checksum: it is damaged")
    if fingerprint != state.common.fingerprint:
        raise RecordMismatch("a record belongs to another predictor or task: use online.take_over")
    if not MEMBERS <= whole <= MEMBERS + MOST_MEMBERS * FIELDS or used > MOST_FLOATS:
        raise RecordMismatch(f"a record claims {whole} integers and {used} floats: it is damaged")
    marks = named + 8 * whole
    floats_at = marks + -(-used // 8)
    kept = np.unpackbits(np.frombuffer(body[marks:floats_at], np.uint8), count=used).astype(bool)
    if len(kept) != used or len(body) != floats_at + 8 * int(kept.sum()):
        raise RecordMismatch(f"a record of {len(record)} bytes is too long or too short: it is damaged")
    layout = state.common.layout
    plan = np.zeros(MEMBERS + MOST_MEMBERS * FIELDS, np.int64)
    plan[:whole] = np.frombuffer(body, "<i8", whole, named)
    words = np.zeros(max(used, _needed(plan, layout)), np.int64)
    words[:used][kept] = np.frombuffer(body, "<i8", -1, floats_at)
    floats = words.view(np.float64)
    remember_logs(plan, floats, layout)
    try:
        return body[:named].decode(), plan, floats
    except UnicodeDecodeError:
        raise RecordMismatch("a record has a name that is not UTF-8: it is damaged") from None


def _needed(plan: Integers, layout: Layout) -> int:
    """The number of floats in the record of ``plan``; its packed form omits zeros at the end.

    RecordMismatch if ``plan`` is invalid: compiled loops do not check it.
    """
    facts = dict(zip(PLAN, plan.tolist(), strict=False))
    count = facts["count"]
    right = (
        0 <= count <= MOST_MEMBERS
        and (1 if count else 0) <= facts["length"] <= FAR
        and all(0 <= facts[name] <= FAR for name in ("gap", "since", "due", "known", "effects_from"))
        and NOTHING <= facts["last"] <= FAR
        and abs(facts["exponent"]) <= LARGEST_EXPONENT
        and facts["kind"] in (AROUND, COUNTS)
        and all(-1 <= facts[name] <= facts["length"] for name in ("grown", "former"))
        and 0 <= facts["effects"] <= layout.effects
        and 0 <= facts["short"] <= FAR
    )
    at = layout.members
    for number in range(count if right else 0):
        kind, view, season, m, m2, begin = plan[MEMBERS + number * FIELDS :][:FIELDS].tolist()
        right &= kind in KINDS and view in VIEWS and season in (NONE, ADDITIVE, MULTIPLICATIVE)
        right &= begin == at and 1 <= m <= LONGEST_SEASON and 1 <= m2 <= LONGEST_SEASON
        right &= view != CALENDAR or facts["effects"] > 0
        at += floats_of(kind, m, m2)
    if not right:
        raise RecordMismatch("a record has an invalid plan: it is damaged")
    return at
