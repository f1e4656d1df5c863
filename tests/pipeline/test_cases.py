"""Odd inputs from public reports: each is read as pandas reads it, or its problems are named."""

import pytest

from tests.cases.table import CASES, judge
from tests.shared_data import shared_data


@pytest.mark.parametrize("name", CASES)
def test_a_case_ends_as_it_should(name: str) -> None:
    got, wrong = judge(shared_data(f"cases/{name}"))

    assert wrong == [], got


def test_every_folder_has_an_expectation() -> None:
    folders = {path.name for path in shared_data("cases").iterdir() if path.is_dir()}

    assert folders == set(CASES)
