"""The webhook believes who knows the secret, reads nothing of what is posted, and answers at once."""

import base64
from typing import Any

import pytest

from stepcast.connect.s3.webhook import Notify

SECRET = "s3cret/+="


def post(headers: dict[str, str], query: str = "", method: str = "POST") -> tuple[str, int]:
    """The status, and how often the bucket is to be looked at."""
    told: list[None] = []
    status = ""

    def start_response(given: str, headers: list[tuple[str, str]]) -> None:
        nonlocal status
        status = given

    environ: dict[str, Any] = {"REQUEST_METHOD": method, "QUERY_STRING": query, **headers}
    b"".join(Notify(SECRET, lambda: told.append(None))(environ, start_response))
    return status, len(told)


BASIC = "Basic " + base64.b64encode(f"anybody:{SECRET}".encode()).decode()


@pytest.mark.parametrize(
    ("headers", "query"),
    [
        ({"HTTP_AUTHORIZATION": f"Bearer {SECRET}"}, ""),
        ({"HTTP_AUTHORIZATION": f"bearer  {SECRET}"}, ""),
        ({"HTTP_AUTHORIZATION": SECRET}, ""),
        ({"HTTP_AUTHORIZATION": BASIC}, ""),
        ({}, "token=s3cret%2F%2B%3D"),
    ],
)
def test_who_knows_the_secret_is_believed(headers: dict[str, str], query: str) -> None:
    assert post(headers, query) == ("200 OK", 1)


@pytest.mark.parametrize(
    ("headers", "query"),
    [
        ({}, ""),
        ({"HTTP_AUTHORIZATION": ""}, ""),
        ({"HTTP_AUTHORIZATION": "Bearer"}, ""),
        ({"HTTP_AUTHORIZATION": "Bearer nearly"}, ""),
        ({"HTTP_AUTHORIZATION": f"Bearer {SECRET}x"}, ""),
        ({"HTTP_AUTHORIZATION": "Basic !"}, ""),
        ({"HTTP_AUTHORIZATION": "Bearer \xe9"}, ""),
        ({}, "token="),
        ({}, f"secret={SECRET}"),
    ],
)
def test_who_does_not_know_it_is_refused(headers: dict[str, str], query: str) -> None:
    assert post(headers, query) == ("401 Unauthorized", 0)


def test_only_a_post_changes_anything() -> None:
    assert post({"HTTP_AUTHORIZATION": SECRET}, method="GET") == ("405 Method Not Allowed", 0)
