"""Paths that a program answers itself: pages, and what they ask for."""

import http.client
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from localaws import LocalAws

LINK = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
ELSEWHERE = {"Referer": "https://wiki.example/page"}


def page(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    body = b"page " + environ["PATH_INFO"].encode()
    start_response("200 OK", [("Content-Type", "text/html"), ("Content-Length", str(len(body)))])
    return [body]


def hook(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    start_response("200 OK", [("Content-Length", "4")])
    return [b"hook"]


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with LocalAws(handlers={"/_mine/": page, "/_mine/hook": hook}) as aws:
        aws.client("s3").create_bucket(Bucket="shop")
        number = urlsplit(aws.endpoint).port
        assert number is not None
        yield number


def ask(port: int, path: str, method: str = "GET", **headers: str) -> tuple[int, bytes, Any]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request(method, path, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.read(), answer.headers
    finally:
        connection.close()


def test_a_path_that_ends_in_a_slash_answers_all_below_it(port: int) -> None:
    assert ask(port, "/_mine/")[:2] == (200, b"page /_mine/")
    assert ask(port, "/_mine/a/b.js")[:2] == (200, b"page /_mine/a/b.js")
    assert ask(port, "/_mine/hook")[:2] == (200, b"hook")
    assert ask(port, "/_mine")[0] == 403  # unsigned, of a bucket
    assert ask(port, "/_mine2/")[0] == 403


def test_a_handler_decides_what_its_pages_may_do(port: int) -> None:
    """The policy for stored pages would take their scripts and their origin."""
    _, _, headers = ask(port, "/_mine/", Accept="text/html")

    assert headers["Content-Security-Policy"] is None
    assert ask(port, "/shop/page", Accept="text/html")[2]["Content-Security-Policy"] == "sandbox"


def test_a_link_of_another_page_leads_there(port: int) -> None:
    assert ask(port, "/_mine/", **LINK, **ELSEWHERE)[:2] == (200, b"page /_mine/")
    assert ask(port, "/shop/page", **LINK, **ELSEWHERE)[0] == 403


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "cors", "Origin": "https://wiki.example"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"},
        {**LINK, "Origin": "https://wiki.example"},
        {"Host": "wiki.example"},
    ],
)
def test_a_page_of_another_origin_gets_nothing_else(port: int, headers: dict[str, str]) -> None:
    assert ask(port, "/_mine/", **{**ELSEWHERE, **headers})[0] == 403


def test_a_form_of_another_page_cannot_be_sent_there(port: int) -> None:
    assert ask(port, "/_mine/", "POST", **LINK, **ELSEWHERE)[0] == 403


def test_a_bucket_may_have_objects_of_such_names(port: int) -> None:
    """At the bucket's own host the path is a key."""
    status, body, _ = ask(port, "/_mine/", Host=f"shop.localhost:{port}")

    assert (status, b"page" in body) == (403, False)
