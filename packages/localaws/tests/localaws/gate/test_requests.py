"""What attacks are made of, as clients send it: or the attacks could fail for another reason."""

import pytest

from localaws import LocalAws
from tests.localaws.gate.attacking import CASES, SECRET, exchange, furnish, state


@pytest.mark.parametrize("name", CASES["requests"])
def test_a_client_may_do_it(aws: LocalAws, name: str) -> None:
    furnish(aws)
    before = state(aws)

    status, _, body = exchange(aws, {"request": name})

    assert status in {200, 204}, body
    if CASES["requests"][name]["method"] == "GET":
        assert SECRET in body or b"Result" in body
    else:
        assert state(aws) != before
