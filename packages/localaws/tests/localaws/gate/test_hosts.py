"""Where the server listens, and the names that it answers to."""

import socket

import pytest

from localaws import HostUnavailable, LocalAws
from localaws.gate.hosts import Hosts, is_loopback

EVERYWHERE = "0.0.0.0"  # noqa: S104 - nothing listens there
ALWAYS = [
    "127.0.0.1:5005",
    "localhost:5005",
    "LOCALHOST:5005",
    "[::1]:5005",
    "my.bucket.localhost:5005",
    "s3.localhost:5005",
]
NEVER = [
    "",
    "127.0.0.1",
    "127.0.0.1:5006",
    "evil.example:5005",
    "localhost.evil.example:5005",
    ".localhost:5005",
    "a b.localhost:5005",
    "localhost:5005:5005",
]


@pytest.mark.parametrize(
    ("listening", "also", "not_these"),
    [
        ("127.0.0.1", [], ["172.17.0.1:5005", "host.docker.internal:5005", "[2001:db8::1]:5005"]),
        ("localhost", [], ["172.17.0.1:5005"]),
        ("::1", [], ["172.17.0.1:5005"]),
        (
            "172.17.0.1",
            ["172.17.0.1:5005", "host.docker.internal:5005", "b.host.docker.internal:5005"],
            ["172.17.0.2:5005"],
        ),
        ("2001:db8::1", ["[2001:db8::1]:5005"], ["2001:db8::1:5005"]),
        (EVERYWHERE, ["172.17.0.1:5005", "10.1.2.3:5005", "[2001:db8::1]:5005"], ["10.1.2.3:80", "10.1.2.3"]),
    ],
)
def test_a_server_answers_to_its_own_names_only(
    listening: str, also: list[str], not_these: list[str]
) -> None:
    hosts = Hosts(listening, 5005)

    assert [host for host in [*ALWAYS, *also] if not hosts.accept(host)] == []
    assert [host for host in [*NEVER, *not_these] if hosts.accept(host)] == []


@pytest.mark.parametrize(
    ("host", "bucket"),
    [
        ("localhost:5005", ""),
        ("127.0.0.1:5005", ""),
        ("s3.localhost:5005", ""),
        ("bucket.localhost:5005", "bucket"),
        ("my.bucket.localhost:5005", "my.bucket"),
        ("my.bucket.s3.localhost:5005", "my.bucket"),
        ("localhost.localhost:5005", "localhost"),
    ],
)
def test_the_name_before_the_servers_is_a_bucket(host: str, bucket: str) -> None:
    assert Hosts("127.0.0.1", 5005).bucket(host) == bucket


@pytest.mark.parametrize("host", ["172.17.0.1", EVERYWHERE, "::", "192.168.1.5"])
def test_where_others_can_reach_it_signatures_are_verified(host: str) -> None:
    assert LocalAws(host=host).auth
    assert not is_loopback(host)
    assert not LocalAws(host="127.0.0.1").auth


def test_what_is_no_address_is_refused() -> None:
    with pytest.raises(ValueError, match=r"'evil\.example' is not an address to listen on"):
        LocalAws(host="evil.example")


def test_an_address_of_another_machine_is_refused_and_the_next_start_works() -> None:
    with pytest.raises(HostUnavailable, match=r"this machine has no address 192\.0\.2\.1"):
        LocalAws(host="192.0.2.1").start()  # TEST-NET-1 of RFC 5737

    with LocalAws() as aws:
        assert aws.client("s3").list_buckets()["Buckets"] == []


def test_it_serves_on_ipv6() -> None:
    try:
        with socket.socket(socket.AF_INET6) as one:
            one.bind(("::1", 0))
    except OSError as error:
        pytest.skip(f"this machine has no IPv6: {error}")

    with LocalAws(host="::1") as aws:
        assert aws.endpoint.startswith("http://[::1]:")
        assert aws.client("sqs").list_queues()["ResponseMetadata"]["HTTPStatusCode"] == 200
