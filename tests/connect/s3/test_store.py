"""What a store must be for ``stepcast up``, and what is said where it is not."""

import os
import stat
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from stepcast.cli.app import app
from stepcast.cli.failure import Failure
from stepcast.cli.remote_store import open_store
from stepcast.connect.s3.store import StoreUnusable, find_store
from tests.connect.s3.conftest import KEYS, client, free_port, store
from tests.services import Server, Service


@pytest.fixture(scope="module")
def server(service: Service, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with store(service, tmp_path_factory.mktemp(service.name)) as running:
        yield running


@pytest.fixture(autouse=True)
def keys(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Those of the store, and nothing of whoever runs the tests."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.fixture
def bucket() -> str:
    return f"bucket-{uuid.uuid4().hex[:8]}"


def test_a_bucket_that_is_not_there_is_made_with_versions(server: Server, bucket: str) -> None:
    found = find_store(server.url + "/", bucket)
    assert (found.url, found.made, found.versions) == (server.url, True, True)

    again = find_store(server.url, bucket)
    assert (again.made, again.versions) == (False, True)
    assert KEYS["AWS_SECRET_ACCESS_KEY"] not in repr(again)


def test_a_bucket_that_is_there_stays_as_it_is(server: Server, bucket: str) -> None:
    s3 = client("s3", server.url)
    s3.create_bucket(Bucket=bucket)

    found = find_store(server.url, bucket)
    assert (found.made, found.versions) == (False, False)
    assert "Status" not in s3.get_bucket_versioning(Bucket=bucket)


def test_a_profile_will_do(
    server: Server, bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = [f"aws_access_key_id = {KEYS['AWS_ACCESS_KEY_ID']}"]
    lines.append(f"aws_secret_access_key = {KEYS['AWS_SECRET_ACCESS_KEY']}")
    (tmp_path / "credentials").write_text("\n".join(["[of-the-store]", *lines, ""]))
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_PROFILE", "of-the-store")

    assert find_store(server.url, bucket).made


def test_wrong_keys_are_said_and_not_shown(
    server: Server, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "not-it")

    with pytest.raises(StoreUnusable, match="check AWS_ACCESS_KEY_ID") as refused:
        find_store(server.url, bucket)
    assert "not-it" not in str(refused.value)


def test_no_keys_are_said(bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)

    with pytest.raises(StoreUnusable, match="no credentials for the store"):
        find_store("http://127.0.0.1:1", bucket)


def test_an_unknown_profile_is_said(bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nobody")

    with pytest.raises(StoreUnusable, match="nobody"):
        find_store("http://127.0.0.1:1", bucket)


def test_a_store_that_does_not_answer_is_said(bucket: str) -> None:
    url = f"http://127.0.0.1:{free_port()}"

    with pytest.raises(StoreUnusable, match=f"the store at {url} does not answer"):
        find_store(url, bucket)


@pytest.mark.parametrize("url", ["store:9000", "s3://bucket", "http://"])
def test_what_is_no_address_is_said(url: str, bucket: str) -> None:
    with pytest.raises(StoreUnusable, match="not the address of a store"):
        find_store(url, bucket)


def test_keys_in_the_address_are_refused_and_not_repeated(bucket: str) -> None:
    with pytest.raises(StoreUnusable, match="contains credentials") as refused:
        find_store("http://admin:hush@store:9000", bucket)
    assert "hush" not in str(refused.value)


def test_the_secret_is_made_once_and_its_owner_alone_can_read_it(
    server: Server, bucket: str, tmp_path: Path
) -> None:
    first = open_store(server.url, bucket, 0, tmp_path)
    assert first.secret_file is not None
    assert stat.S_IMODE(first.secret_file.stat().st_mode) == 0o600
    assert len(first.secret) > 30
    assert open_store(server.url, bucket, 0, tmp_path).secret == first.secret
    assert first.secret not in first.instructions("http://here") + str(first.facts("http://here"))

    first.secret_file.chmod(0o644)
    with pytest.raises(Failure, match="others can read"):
        open_store(server.url, bucket, 0, tmp_path)


def test_a_store_needs_a_bucket() -> None:
    answer = CliRunner().invoke(app, ["up", "--ephemeral", "--store-url", "http://127.0.0.1:9000"])

    assert answer.exit_code == 2
    assert "which bucket of the store is missing" in " ".join(answer.output.split())
