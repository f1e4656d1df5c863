"""Exported parts item by item: no more than one shard's are held, and nothing is lost between them."""

import pytest

from stepcast.pipeline.monitoring.by_item import ByItem
from tests.pipeline.steps.conftest import BUCKET, Account, account

__all__ = ["account"]


@pytest.fixture
def files(account: Account) -> ByItem:
    """Twelve items, in parts whose names do not sort as their numbers do."""
    for part in range(12):
        name = f'"item, {part:02}"'
        account.put(f"x/a_part{part}.csv", f"item_id,shop,p50\n{name},,1.5\n{name},,2.5\n")
    return ByItem(account.s3, BUCKET, "x/", ("item_id", "shop"), ("p50",))


def key(number: int) -> tuple[str, str]:
    return f"item, {number:02}", ""


def test_items_come_whole_and_in_the_order_of_the_parts_numbers(files: ByItem) -> None:
    first = files.take((key(0), key(1), key(2)))
    then = files.take((key(3), key(11)))

    assert {name: rows.ravel().tolist() for name, rows in first.items()} == {
        key(number): [1.5, 2.5] for number in range(3)
    }
    assert set(then) == {key(3), key(11)}


def test_who_is_not_there_is_left_out_and_who_was_passed_over_is_told(files: ByItem) -> None:
    found = files.take((key(2), ("item, 02b", "Berlin"), key(5)))

    assert set(found) == {key(2), key(5)}
    assert files.rest() == [key(number) for number in range(12) if number not in (2, 5)]


def test_an_empty_file_holds_nobody(account: Account) -> None:
    account.put("x/a_part0.csv", "item_id,p50\n")

    files = ByItem(account.s3, BUCKET, "x/", ("item_id",), ("p50",))

    assert files.take((("lamp",),)) == {}
    assert files.rest() == []
