"""A bucket's CORS rules: what S3 answers to a browser, and what it lets the page read."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from localaws import LocalAws
from tests.localaws.gate.answers import Answer, ask
from tests.localaws.signing import signed_headers

RULES = [
    {
        "AllowedOrigins": ["https://app.example", "https://*.apps.example"],
        "AllowedMethods": ["GET", "PUT"],
        "AllowedHeaders": ["authorization", "X-Amz-*"],
        "ExposeHeaders": ["ETag", "x-amz-request-id"],
        "MaxAgeSeconds": 600,
    },
    {"AllowedOrigins": ["*"], "AllowedMethods": ["GET", "HEAD"]},
]


@pytest.fixture(scope="module")
def aws() -> Iterator[LocalAws]:
    with LocalAws() as running:
        s3 = running.client("s3")
        s3.create_bucket(Bucket="bucket")
        s3.create_bucket(Bucket="none")
        s3.put_object(Bucket="bucket", Key="k", Body=b"body")
        s3.put_bucket_cors(Bucket="bucket", CORSConfiguration={"CORSRules": RULES})
        yield running


def preflight(
    aws: LocalAws, origin: str | None, method: str | None, headers: str = "", target: str = "/bucket/k"
) -> Answer:
    given = {
        "Origin": origin,
        "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": headers or None,
    }
    return ask(aws, "OPTIONS", target, headers={name: value for name, value in given.items() if value})


def granted(answer: Answer) -> dict[str, str]:
    return {
        name.removeprefix("access-control-"): value
        for name, value in answer.headers.items()
        if name.startswith("access-control-")
    }


def test_a_preflight_gets_what_the_first_rule_that_matches_grants(aws: LocalAws) -> None:
    answer = preflight(aws, "https://app.example", "PUT", "Authorization, X-Amz-Date")

    assert answer.status == 200
    assert granted(answer) == {
        "allow-origin": "https://app.example",
        "allow-methods": "GET, PUT",
        "allow-headers": "authorization, x-amz-date",
        "expose-headers": "ETag, x-amz-request-id",
        "max-age": "600",
        "allow-credentials": "true",
    }
    assert answer.headers["vary"] == "Origin, Access-Control-Request-Headers, Access-Control-Request-Method"


@pytest.mark.parametrize("target", ["/bucket", "/bucket/", "/bucket/missing", "/bucket/a/b?uploads"])
def test_a_preflight_is_for_the_whole_bucket(aws: LocalAws, target: str) -> None:
    assert preflight(aws, "https://one.apps.example", "GET", target=target).status == 200


def test_a_rule_for_everybody_names_nobody(aws: LocalAws) -> None:
    answer = preflight(aws, "https://anybody.example", "GET")

    assert answer.status == 200
    assert granted(answer) == {"allow-origin": "*", "allow-methods": "GET, HEAD"}


@pytest.mark.parametrize(
    ("origin", "method", "headers"),
    [
        ("https://anybody.example", "PUT", ""),
        ("https://app.example", "DELETE", ""),
        ("https://app.example", "PUT", "content-type"),
        ("https://app.example", "PUT", "authorization, content-type"),
        ("https://anybody.example", "GET", "authorization"),
        ("https://apps.example", "PUT", ""),
        ("https://one.apps.example.evil.example", "PUT", ""),
        ("http://app.example", "PUT", ""),
        ("null", "PUT", ""),
    ],
)
def test_a_preflight_that_no_rule_matches_is_forbidden(
    aws: LocalAws, origin: str, method: str, headers: str
) -> None:
    answer = preflight(aws, origin, method, headers)

    assert answer.status == 403
    assert granted(answer) == {}
    assert b"<Code>AccessForbidden</Code>" in answer.body
    assert b"This CORS request is not allowed" in answer.body
    assert f"<Method>{method}</Method><ResourceType>OBJECT</ResourceType>".encode() in answer.body


def test_a_preflight_of_a_bucket_without_rules_says_so(aws: LocalAws) -> None:
    answer = preflight(aws, "https://app.example", "GET", target="/none")

    assert answer.status == 403
    assert b"CORS is not enabled for this bucket." in answer.body
    assert b"<ResourceType>BUCKET</ResourceType>" in answer.body


def test_a_preflight_that_lacks_something_is_a_bad_request(aws: LocalAws) -> None:
    assert preflight(aws, None, "GET").status == 400
    assert preflight(aws, "https://app.example", None).status == 400


def page(
    aws: LocalAws, origin: str | None, method: str = "GET", target: str = "/bucket/k", **how: Any
) -> Answer:
    headers = signed_headers(aws, method, target, how.get("body", b""))
    return ask(
        aws, method, target, how.get("body", b""), {**headers, **({"Origin": origin} if origin else {})}
    )


def test_a_page_that_a_rule_names_reads_and_writes(aws: LocalAws) -> None:
    read, written = (
        page(aws, "https://app.example"),
        page(aws, "https://app.example", "PUT", "/bucket/new", body=b"new"),
    )

    assert (read.status, read.body, written.status) == (200, b"body", 200)
    for answer in (read, written):
        assert granted(answer) == {
            "allow-origin": "https://app.example",
            "allow-methods": "GET, PUT",
            "expose-headers": "ETag, x-amz-request-id",
            "allow-credentials": "true",
        }


def test_errors_are_readable_to_the_page_too(aws: LocalAws) -> None:
    answer = page(aws, "https://app.example", target="/bucket/missing")

    assert answer.status == 404
    assert answer.headers["access-control-allow-origin"] == "https://app.example"


def test_what_is_no_page_gets_no_headers(aws: LocalAws) -> None:
    answer = page(aws, None)

    assert answer.status == 200
    assert granted(answer) == {}
    assert "vary" not in answer.headers


def test_the_servers_own_origin_is_no_other_page(aws: LocalAws) -> None:
    answer = page(aws, aws.endpoint)

    assert answer.status == 200
    assert granted(answer) == {}


def test_a_rule_for_everybody_needs_a_signature_that_proves_its_key(aws: LocalAws) -> None:
    """Any page can make up a key. A presigned URL of a key that exists is proof."""
    url = urlsplit(aws.client("s3").generate_presigned_url("get_object", {"Bucket": "bucket", "Key": "k"}))
    stranger = {"Origin": "https://anybody.example"}

    made_up = page(aws, "https://anybody.example")
    proven = ask(aws, "GET", f"{url.path}?{url.query}", headers=stranger)

    assert (made_up.status, granted(made_up)) == (403, {"allow-origin": "*", "allow-methods": "GET, HEAD"})
    assert (proven.status, proven.body) == (200, b"body")
    assert proven.headers["access-control-allow-origin"] == "*"
