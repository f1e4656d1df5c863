"""Prometheus remote write, version 1: snappy-compressed protobuf, encoded by hand.

Source: https://prometheus.io/docs/specs/prw/remote_write_spec/
"""

import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from stepcast.connect.prometheus.client import Client, Refused

__all__ = ["Samples", "request_body", "write"]

HEADERS = {
    "Content-Encoding": "snappy",
    "Content-Type": "application/x-protobuf",
    "X-Prometheus-Remote-Write-Version": "0.1.0",
}
BATCH = 50_000  # samples per request: about a megabyte before compression


@dataclass(frozen=True)
class Samples:
    """One series: its labels with ``__name__``, and (seconds since 1970, value) in ascending order."""

    labels: Mapping[str, str]
    points: Sequence[tuple[float, float]]


def write(client: Client, series: Sequence[Samples], path: str = "/api/v1/write") -> None:
    """Send all samples; Refused if the server rejects them."""
    for batch in _batches(series):
        status, body = client.request("POST", path, body=request_body(batch), headers=HEADERS)
        if not 200 <= status < 300:
            said = body[:300].decode("utf-8", "replace").strip()
            raise Refused(client.connection.url + path, status, said or "nothing")


def request_body(series: Iterable[Samples]) -> bytes:
    """A compressed WriteRequest."""
    import pyarrow

    raw = b"".join(_field(1, _time_series(one)) for one in series)
    packed: bytes = pyarrow.Codec("snappy").compress(raw, asbytes=True)
    return packed


def _batches(series: Sequence[Samples]) -> Iterator[list[Samples]]:
    batch: list[Samples] = []
    count = 0
    for one in series:
        for start in range(0, len(one.points), BATCH):
            batch.append(Samples(one.labels, one.points[start : start + BATCH]))
            count += len(batch[-1].points)
            if count >= BATCH:
                yield batch
                batch, count = [], 0
    if batch:
        yield batch


def _time_series(one: Samples) -> bytes:
    labels = (
        _field(1, _field(1, name.encode()) + _field(2, value.encode()))
        for name, value in sorted(one.labels.items())
    )
    samples = (
        # Field 1 is the value, a double; field 2 the timestamp in milliseconds, a varint.
        _field(
            2, b"\x09" + struct.pack("<d", value) + b"\x10" + _varint(round(moment * 1000) & (1 << 64) - 1)
        )
        for moment, value in one.points
    )
    return b"".join(labels) + b"".join(samples)


def _field(number: int, content: bytes) -> bytes:
    """A length-delimited field: text or another message."""
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def _varint(number: int) -> bytes:
    r"""A non-negative whole number as a protobuf varint.

    >>> _varint(1), _varint(300)
    (b'\x01', b'\xac\x02')
    """
    parts = bytearray()
    while number > 0x7F:
        parts.append(number & 0x7F | 0x80)
        number >>= 7
    parts.append(number)
    return bytes(parts)
