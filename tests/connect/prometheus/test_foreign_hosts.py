"""A web page whose name resolves to this machine (DNS rebinding) is refused; whoever may scrape is not."""

import http.client
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from localaws import LocalAws
from stepcast.connect.errors import ConnectorError
from stepcast.connect.prometheus.exporter import Exporter, serve
from tests.cli.processes import command

BUCKET = "forecasts"


@pytest.fixture(scope="module")
def aws() -> Iterator[LocalAws]:
    with LocalAws() as aws:
        aws.client("s3").create_bucket(Bucket=BUCKET)
        yield aws


@contextmanager
def listening(aws: LocalAws, host: str, names: tuple[str, ...] = ()) -> Iterator[int]:
    """The port where it listens."""
    with serve(Exporter(aws.client("s3"), BUCKET, ("0s",), 100), host, 0, names) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()


def get(port: int, headers: dict[str, Any], at: str = "127.0.0.1", path: str = "/metrics") -> tuple[int, str]:
    """Status and text; a header given as a list is sent more than once, a Host only where it is given."""
    connection = http.client.HTTPConnection(at, port, timeout=60)
    try:
        connection.putrequest("GET", path, skip_host=True)
        for name, value in headers.items():
            for one in value if isinstance(value, list) else [value]:
                connection.putheader(name, one)
        connection.endheaders()
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


@pytest.mark.parametrize(
    "host", ["127.0.0.1:{}", "localhost:{}", "LOCALHOST:{}", "[::1]:{}", "127.0.0.1", "127.0.0.1:80"]
)
def test_this_machine_is_answered_by_any_port_that_is_forwarded(aws: LocalAws, host: str) -> None:
    with listening(aws, "127.0.0.1") as port:
        status, page = get(port, {"Host": host.format(port)})

    assert status == 200
    assert "stepcast_bucket_reached 1" in page


@pytest.mark.parametrize(
    "host",
    [
        "evil.example:{}",
        "evil.example",
        "localhost.evil.example:{}",
        "127.0.0.1.evil.example:{}",
        "evil.localhost:{}",
        "user@localhost:{}",
        "localhost:{}:{}",
        "[::1]evil.example",
        "127.1:{}",
        "192.0.2.1:{}",
        "host.docker.internal:{}",
        "",
    ],
)
@pytest.mark.parametrize("path", ["/metrics", "/", "/elsewhere"])
def test_another_name_is_refused(aws: LocalAws, host: str, path: str) -> None:
    with listening(aws, "127.0.0.1") as port:
        status, page = get(port, {"Host": host.replace("{}", str(port))}, path=path)

    assert status == 403
    assert "stepcast_" not in page
    assert "--allow-host" in page


@pytest.mark.parametrize("hosts", [[], ["localhost", "localhost"], ["localhost", "evil.example"]])
def test_a_request_without_a_host_or_with_two_is_refused(aws: LocalAws, hosts: list[str]) -> None:
    with listening(aws, "127.0.0.1") as port:
        status, _ = get(port, {"Host": hosts})

    assert status == 400


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"},
        {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "cors"},
    ],
)
def test_what_a_page_of_another_site_asks_is_refused(aws: LocalAws, headers: dict[str, str]) -> None:
    with listening(aws, "127.0.0.1") as port:
        status, page = get(port, {"Host": f"127.0.0.1:{port}", **headers})

    assert status == 403
    assert "stepcast_" not in page


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "none", "Sec-Fetch-Mode": "navigate"},
        {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "navigate"},
        {
            "Sec-Fetch-Site": "cross-site",
            "Sec-Fetch-Mode": "navigate",
            "Referer": "http://localhost:9090/targets",
        },
        {"Origin": "http://127.0.0.1:{}", "Sec-Fetch-Site": "same-origin"},
    ],
)
def test_a_person_may_look(aws: LocalAws, headers: dict[str, str]) -> None:
    """By typing the address, or by the link on Prometheus's page of targets."""
    with listening(aws, "127.0.0.1") as port:
        sent = {name: value.format(port) for name, value in headers.items()}
        status, _ = get(port, {"Host": f"127.0.0.1:{port}", **sent})

    assert status == 200


def test_listening_on_another_address_it_answers_to_that_address(aws: LocalAws) -> None:
    with listening(aws, "127.0.0.2") as port:
        own, _ = get(port, {"Host": f"127.0.0.2:{port}"}, at="127.0.0.2")
        named, _ = get(port, {"Host": f"evil.example:{port}"}, at="127.0.0.2")

    assert (own, named) == (200, 403)


def test_listening_on_every_address_it_answers_to_each_but_to_no_name(aws: LocalAws) -> None:
    with listening(aws, "0.0.0.0") as port:  # noqa: S104 - what is tested
        address, _ = get(port, {"Host": f"192.0.2.1:{port}"})
        container, _ = get(port, {"Host": f"host.docker.internal:{port}"})
        named, _ = get(port, {"Host": f"evil.example:{port}"})

    assert (address, container, named) == (200, 200, 403)


def test_listening_on_an_ipv6_address_it_answers_to_it(aws: LocalAws) -> None:
    try:
        with listening(aws, "::1") as port:
            own, _ = get(port, {"Host": f"[::1]:{port}"}, at="::1")
            named, _ = get(port, {"Host": f"evil.example:{port}"}, at="::1")
    except ConnectorError as error:
        pytest.skip(f"this machine has no IPv6: {error}")

    assert (own, named) == (200, 403)


def test_names_are_allowed_by_an_option(aws: LocalAws) -> None:
    line = command(
        "export", "prometheus", "--bucket", BUCKET, "--port", "0", "--allow-host", "metrics.lan",
        "--allow-host", "Exporter",
    )  # fmt: skip
    with subprocess.Popen(line, stdout=subprocess.PIPE, text=True, env=environment(aws)) as process:
        assert process.stdout is not None
        try:
            port = int(process.stdout.readline().rpartition("/metrics")[0].rpartition(":")[2])
            named = [
                get(port, {"Host": f"{name}:9811"})[0] for name in ("metrics.lan", "exporter", "other.lan")
            ]
        finally:
            process.terminate()

    assert named == [200, 200, 403]


@pytest.mark.parametrize("name", ["metrics.lan:9811", "http://metrics.lan", "*", ""])
def test_a_name_that_no_host_header_has_is_refused_at_once(aws: LocalAws, name: str) -> None:
    line = command("export", "prometheus", "--bucket", BUCKET, "--port", "0", "--allow-host", name)
    done = subprocess.run(
        line, capture_output=True, text=True, env=environment(aws), timeout=300, check=False
    )

    assert done.returncode != 0
    assert "write only its name" in done.stderr


def environment(aws: LocalAws) -> dict[str, str]:
    return {
        "AWS_ENDPOINT_URL": aws.endpoint,
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_DEFAULT_REGION": aws.region,
        "PATH": str(sys.executable),
    }
