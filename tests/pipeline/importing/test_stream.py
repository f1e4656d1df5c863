"""An object is read on after the connection dropped."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any, ClassVar

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError

from stepcast.pipeline.importing.files.source import Source
from stepcast.pipeline.importing.files.stream import ObjectStream

CONTENT = bytes(range(256)) * 1000


class Flaky(BaseHTTPRequestHandler):
    """GetObject that promises all and hangs up after ``generous`` bytes."""

    generous: ClassVar[int] = 100_000
    asked: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        wanted = self.headers.get("Range", "bytes=0-")
        self.asked.append(wanted)
        begin = int(wanted.removeprefix("bytes=").removesuffix("-"))
        self.send_response(206 if begin else 200)
        self.send_header("Content-Length", str(len(CONTENT) - begin))
        self.end_headers()
        self.wfile.write(CONTENT[begin : begin + self.generous])

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def flaky_s3() -> Iterator[Any]:
    server = HTTPServer(("127.0.0.1", 0), Flaky)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    client = boto3.client(
        "s3",
        endpoint_url=f"http://127.0.0.1:{server.server_port}",
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 1}),
    )
    Flaky.asked.clear()
    yield client
    client.close()
    server.shutdown()
    thread.join()
    server.server_close()


def read_all(s3: Any) -> bytes:
    stream = ObjectStream(s3, "bucket", Source("train/a.csv", '"etag"', len(CONTENT), "csv"))
    return b"".join(iter(lambda: stream.read(30_000) or b"", b""))


def test_a_dropped_connection_is_taken_up_where_it_broke(flaky_s3: Any) -> None:
    assert read_all(flaky_s3) == CONTENT
    assert len(Flaky.asked) == 3


def test_s3_that_stays_away_is_an_error(flaky_s3: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Flaky, "generous", 0)

    with pytest.raises(BotoCoreError):
        read_all(flaky_s3)
