"""How what is found in a message reads as item, time, value and dimensions, and why some of it does not."""

import math
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest

from stepcast.connect.errors import ConnectorError
from stepcast.connect.kafka.formats import csv, json
from stepcast.connect.kafka.observations import Message, Observation, Unreadable, reader

NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)


def read(document: Any, **places: str) -> Observation:
    used = {"item": "/i", "timestamp": "/t", "value": "/v", **places}
    made = reader(lambda _: document, used["item"], used["timestamp"], used["value"], {})
    return made.read(Message(0, 0, 1_767_225_600_000, b"k", b"", [("h", b"old"), ("h", b"new")]))


def of(**fields: Any) -> dict[str, Any]:
    return {"i": "a", "t": "2026-01-01", "v": 1, **fields}


@pytest.mark.parametrize(
    "written",
    [
        "2026-01-01",
        "20260101",
        "2026-01-01 00:00:00",
        " 2026-01-01T00:00:00.000Z",
        "2025-12-31T19:00:00-05:00",
        1_767_225_600,
        "1767225600",
        1_767_225_600.0,
        1_767_225_600_000,
        1_767_225_600_000_000,
        1_767_225_600_000_000_000,
        Decimal(1767225600),
        NEW_YEAR,
        NEW_YEAR.replace(tzinfo=None),
        NEW_YEAR.astimezone(timezone(timedelta(hours=9))),
        NEW_YEAR.date(),
    ],
)
def test_times_in_every_form_are_the_same_moment(written: Any) -> None:
    assert read(of(t=written)).moment == NEW_YEAR


@pytest.mark.parametrize("seconds", [0, -86_400, 4_000_000_000])
def test_small_numbers_are_seconds(seconds: int) -> None:
    assert read(of(t=seconds)).moment.timestamp() == seconds


@pytest.mark.parametrize(
    "wrong", ["soon", "", None, True, [], {}, "2026-13-01", 1e300, math.nan, "1700-01-01", 99_999_999_999]
)
def test_what_is_no_time_is_refused(wrong: Any) -> None:
    with pytest.raises(Unreadable, match="its timestamp "):
        read(of(t=wrong))


@pytest.mark.parametrize(
    ("written", "meant"),
    [(1, 1.0), ("1.5", 1.5), (" 2e3 ", 2000.0), (Decimal("0.1"), 0.1), (-0.0, 0.0)],
)
def test_numbers_and_texts_of_numbers_are_values(written: Any, meant: float) -> None:
    assert read(of(v=written)).value == meant


@pytest.mark.parametrize("missing", [None, "", "NaN", math.nan, math.inf, "-Infinity"])
def test_missing_values_are_missing(missing: Any) -> None:
    assert read(of(v=missing)).value is None


@pytest.mark.parametrize("wrong", [True, [1], {}, "1,5", "1_000", "much", 10**400])
def test_what_is_no_number_is_refused(wrong: Any) -> None:
    with pytest.raises(Unreadable, match="its value "):
        read(of(v=wrong))


@pytest.mark.parametrize("wrong", [None, "", True, [], {"a": 1}])
def test_an_item_without_a_name_is_refused(wrong: Any) -> None:
    with pytest.raises(Unreadable, match="its item_id is "):
        read(of(i=wrong))


def test_numbers_are_names_as_they_are_written() -> None:
    assert read(of(i=7)).key == ("7",)
    assert read(of(i="007")).key == ("007",)


def test_a_pointer_goes_through_lists_and_escaped_names() -> None:
    document = {"a/b": [{"~c": of()}]}

    found = read(document, item="/a~1b/0/~0c/i", timestamp="/a~1b/0/~0c/t", value="/a~1b/0/~0c/v")

    assert found == Observation(("a",), NEW_YEAR, 1.0)


@pytest.mark.parametrize("place", ["/nope", "/i/deeper", "/list/9", "/list/-1", "/list/x"])
def test_a_pointer_to_nothing_is_said(place: str) -> None:
    with pytest.raises(Unreadable, match=f"it has no {place}"):
        read(of(list=[1]), value=place)


def test_a_message_stamped_in_nanoseconds_is_refused() -> None:
    """It must not stop those that follow."""
    stamped = Message(0, 0, 1_767_225_600_000_000_000, None, b'{"i": "a", "v": 1}', ())

    with pytest.raises(Unreadable, match="is not between the years 1900 and 2200"):
        reader(json.decode, "/i", "message", "/v", {}).read(stamped)


def test_of_two_headers_the_later_counts() -> None:
    assert read(of(), item="header:h").key == ("new",)
    with pytest.raises(Unreadable, match="it has no header other"):
        read(of(), item="header:other")


@pytest.mark.parametrize(
    "value", [b"", b"{", b'{"a":', b"\xff{}", b"[" * 100_000, b'{"n": ' + b"9" * 5000 + b"}"]
)
def test_what_is_no_json_is_refused(value: bytes) -> None:
    with pytest.raises(Unreadable, match="it is not JSON"):
        json.decode(value)


@pytest.mark.parametrize("value", [b"", b'"open', b"\xff", b"a\nb", b'"a"b'])
def test_what_is_no_line_of_csv_is_refused(value: bytes) -> None:
    with pytest.raises(Unreadable, match="it is not a line of CSV"):
        csv.decode(value)


@pytest.mark.parametrize("name", ["item_id", "target_value", "a b", "", "1st"])
def test_a_dimension_has_a_name_that_params_json_may_have(name: str) -> None:
    with pytest.raises(ConnectorError, match="a column name has letters"):
        reader(json.decode, "/i", "/t", "/v", {name: "/d"})
