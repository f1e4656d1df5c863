"""What a web page, or a client that is not one, may try: none of it reads or changes anything."""

from collections.abc import Iterator
from typing import Any

import pytest

from localaws import LocalAws
from tests.localaws.gate.attacking import CASES, SECRET, exchange, furnish, state


@pytest.fixture(scope="module")
def aws() -> Iterator[LocalAws]:
    with LocalAws() as running:
        furnish(running)
        yield running


@pytest.fixture(scope="module")
def before(aws: LocalAws) -> dict[str, Any]:
    return state(aws)


@pytest.mark.parametrize("case", CASES["attacks"], ids=lambda case: case["why"])
def test_an_attack_reads_and_changes_nothing(
    aws: LocalAws, before: dict[str, Any], case: dict[str, Any]
) -> None:
    status, headers, body = exchange(aws, case)

    assert status == case["status"], body
    assert SECRET not in body
    assert case.get("cors") or not [name for name in headers if name.lower().startswith("access-control")]
    assert state(aws) == before
