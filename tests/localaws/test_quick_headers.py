"""Headers are read as Python's own parser reads them."""

import http.client
import io
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localaws import quick_headers

ORDINARY = (
    b"Host: 127.0.0.1:4566\r\nx-amz-meta-a_b:  c \r\nX-Empty:\r\nExpect: 100-continue\r\n"
    b"Authorization: AWS4-HMAC-SHA256 Credential=a/b, Signature=c\r\nx-amz-meta-a_b: \xe9\r\n\r\nbody"
)
ODD = [
    b"\r\n",
    b"",
    b"Host: a\n\n",
    b"Host: a",
    b"Host: a\r\n folded\r\n\r\n",
    b" folded: first\r\n\r\n",
    b"no colon\r\nHost: a\r\n\r\n",
    b"na me: a\r\n\r\n",
    b"Host : a\r\n\r\n",
    b": a\r\n\r\n",
    b"A: b\rC: d\r\n\r\n",
    b"A: b\x00c\x0bd\x85\r\n\r\n",
    b"Content-Type: multipart/mixed; boundary=x\r\n\r\n",
    b"Content-Type: message/rfc822\r\n\r\n",
]
own = http.client.parse_headers


@pytest.fixture
def quick() -> Iterator[Any]:
    with ExitStack() as undo:
        quick_headers.patch(undo)
        yield http.client.parse_headers
    assert http.client.parse_headers is own


def found(parse: Any, block: bytes) -> tuple[list[tuple[str, str]], list[str], bytes]:
    file = io.BytesIO(block)
    message = parse(file)
    return message.items(), [type(defect).__name__ for defect in message.defects], file.read()


def test_ordinary_headers_are_not_for_the_parser(quick: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = found(own, ORDINARY)
    monkeypatch.setattr(quick_headers, "Parser", None)
    assert found(quick, ORDINARY) == expected


@pytest.mark.parametrize("block", ODD)
def test_odd_ones_are_read_alike(quick: Any, block: bytes) -> None:
    assert found(quick, block)[0] == found(own, block)[0]
    assert found(quick, block)[2] == found(own, block)[2]


@given(st.lists(st.sampled_from([b"A", b"b-c", b":", b" ", b"\t", b"\r\n", b"\n", b"\r", b"\xff", b"x"])))
def test_whatever_comes(parts: list[bytes]) -> None:
    block = b"".join(parts) + b"\r\n\r\n"
    with ExitStack() as undo:
        quick_headers.patch(undo)
        ours = found(http.client.parse_headers, block)
    assert ours == found(own, block)
