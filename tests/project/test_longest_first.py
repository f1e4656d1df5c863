"""The files that begin first are there."""

import pytest

from tests.longest_first import LONGEST, ROOT, pytest_collection_modifyitems


@pytest.mark.parametrize("file", LONGEST)
def test_a_file_that_begins_first_exists(file: str) -> None:
    assert (ROOT / file).is_file()


def test_long_files_come_first_and_the_others_stay_in_order() -> None:
    class Item:
        def __init__(self, file: str, number: int) -> None:
            self.path, self.number = ROOT / file, number

    files = ("a.py", LONGEST[1], "a.py", LONGEST[0], LONGEST[1])
    items: list[pytest.Item] = [Item(file, number) for number, file in enumerate(files)]  # type: ignore[misc]

    pytest_collection_modifyitems(items)

    assert [item.number for item in items] == [3, 1, 4, 0, 2]  # type: ignore[attr-defined]
