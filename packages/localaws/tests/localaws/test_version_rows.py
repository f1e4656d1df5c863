"""Each version of an object is a row of its own: what changes one costs the same however many there are."""

import shutil
import tarfile
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from moto.s3.models import FakeKey

from localaws import LocalAws
from localaws.durability.journal import Journal

BUCKET = "bucket"
OLD = Path(__file__).parent / "old_states" / "format_2.tar.gz"
"""Written by commit 9237133: buckets ``versions`` and ``plain``, as in ``check_old``."""


def bucket(aws: LocalAws, status: str = "Enabled") -> Any:
    s3 = aws.client("s3")
    s3.create_bucket(Bucket=BUCKET)
    suspend_or_enable(s3, status)
    return s3


def suspend_or_enable(s3: Any, status: str) -> None:
    s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": status})


def put(s3: Any, key: str, body: str, **more: Any) -> str:
    return str(s3.put_object(Bucket=BUCKET, Key=key, Body=body.encode(), **more).get("VersionId", "null"))


def everything(s3: Any, name: str = BUCKET) -> list[tuple[Any, ...]]:
    """All that can be asked of every version, in the order of the listing."""
    found = s3.list_object_versions(Bucket=name)
    markers = [(each["Key"], each["VersionId"], each["IsLatest"]) for each in found.get("DeleteMarkers", [])]
    versions: list[tuple[Any, ...]] = []
    for each in found.get("Versions", []):
        which = {"Bucket": name, "Key": each["Key"], "VersionId": each["VersionId"]}
        answer = s3.get_object(**which)
        tags = s3.get_object_tagging(**which)["TagSet"]
        body, metadata = answer["Body"].read(), answer["Metadata"]
        versions.append((each["Key"], each["VersionId"], each["IsLatest"], body, metadata, tags))
    return [*markers, *versions]


def rows(state: Path) -> list[tuple[str, str]]:
    """Scopes and keys of the rows of objects, in a folder that nobody uses."""
    journal = Journal(state / "journal.sqlite")
    try:
        return [(scope, key) for kind in ("version", "object") for scope, key, _ in journal.rows(kind)]
    finally:
        journal.close()


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> list[Mapping[str, bytes | None]]:
    """The rows of versions that were written, one mapping for each time."""
    original, found = Journal.put_all, []

    def noting(journal: Journal, kind: str, scope: str, given: Mapping[str, bytes | None]) -> None:
        found.append(given)
        original(journal, kind, scope, given)

    monkeypatch.setattr(Journal, "put_all", noting)
    return found


def test_a_change_of_one_version_writes_that_version_only(
    tmp_path: Path, written: list[Mapping[str, bytes | None]]
) -> None:
    with LocalAws(state=tmp_path) as aws:
        s3 = bucket(aws)
        ids = [put(s3, "k", str(number)) for number in range(30)]
        which = {"Bucket": BUCKET, "Key": "k"}
        changes = {
            "PutObject": lambda: put(s3, "k", "one more"),
            "PutObjectTagging": lambda: s3.put_object_tagging(
                **which, VersionId=ids[3], Tagging={"TagSet": [{"Key": "t", "Value": "v"}]}
            ),
            "DeleteObjectTagging": lambda: s3.delete_object_tagging(**which, VersionId=ids[3]),
            "PutObjectAcl": lambda: s3.put_object_acl(**which, ACL="public-read"),
            "DeleteObject, a version": lambda: s3.delete_object(**which, VersionId=ids[5]),
            "DeleteObject": lambda: s3.delete_object(**which),
        }
        counts = {}
        for name, change in changes.items():
            written.clear()
            change()
            counts[name] = sum(map(len, written))

    assert counts == dict.fromkeys(changes, 1)


def test_an_object_without_versions_has_one_row_however_often_it_is_put(tmp_path: Path) -> None:
    with LocalAws(state=tmp_path) as aws:
        s3 = aws.client("s3")
        s3.create_bucket(Bucket=BUCKET)
        for number in range(3):
            for key in ("k", "k/0", "deleted", "nächstes\n"):
                put(s3, key, str(number))
        s3.delete_object(Bucket=BUCKET, Key="deleted")

    assert [scope for scope, _ in rows(tmp_path)] == [f"{BUCKET}/{key}" for key in ("k", "k/0", "nächstes\n")]


def test_whatever_happens_to_versions_is_there_after_a_restart(tmp_path: Path) -> None:
    with LocalAws(state=tmp_path) as aws:
        s3 = bucket(aws, "Suspended")
        put(s3, "k", "null")
        suspend_or_enable(s3, "Enabled")
        ids = [put(s3, "k", str(number), Metadata={"n": str(number)}, Tagging="a=b") for number in range(4)]
        s3.delete_object(Bucket=BUCKET, Key="k", VersionId=ids[1])
        s3.delete_object(Bucket=BUCKET, Key="k")
        suspend_or_enable(s3, "Suspended")
        put(s3, "k", "another null, which replaces the first one of all")
        suspend_or_enable(s3, "Enabled")
        put(s3, "k", "newest")
        put(s3, "k/0", "below")
        tags = {"TagSet": [{"Key": "late", "Value": "yes"}]}
        s3.put_object_tagging(Bucket=BUCKET, Key="k", VersionId=ids[0], Tagging=tags)
        s3.copy_object(
            Bucket=BUCKET, Key="copy", CopySource={"Bucket": BUCKET, "Key": "k", "VersionId": ids[0]}
        )
        for key in ("gone", "gone for good"):
            last = put(s3, key, "x")
            s3.delete_object(Bucket=BUCKET, Key=key, **({"VersionId": last} if "good" in key else {}))
        before = everything(s3)
    assert len(before) == 10

    for _ in range(2):
        with LocalAws(state=tmp_path) as aws:
            s3 = aws.client("s3")
            assert everything(s3) == before
            s3.delete_object(Bucket=BUCKET, Key="k", VersionId=put(s3, "k", "of a moment"))


def test_a_put_that_another_one_overtakes_is_kept_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """moto adds a version to its bucket first, and describes it afterwards."""
    original, overtaken, go_on = FakeKey.set_metadata, threading.Event(), threading.Event()

    def slow(key: Any, *args: Any, **kwargs: Any) -> None:
        if key.value == b"slow" and not overtaken.is_set():
            overtaken.set()
            assert go_on.wait(60)
        original(key, *args, **kwargs)

    with LocalAws(state=tmp_path) as aws:
        s3 = bucket(aws)
        monkeypatch.setattr(FakeKey, "set_metadata", slow)
        thread = threading.Thread(target=put, args=(s3, "k", "slow"), kwargs={"Metadata": {"a": "b"}})
        thread.start()
        assert overtaken.wait(60)
        put(s3, "k", "fast")
        go_on.set()
        thread.join()
        before = everything(s3)
    assert [(row[3], row[4]) for row in before] == [(b"fast", {}), (b"slow", {"a": "b"})]

    with LocalAws(state=tmp_path) as aws:
        assert everything(aws.client("s3")) == before


@pytest.fixture
def old(tmp_path: Path) -> Path:
    with tarfile.open(OLD) as archive:
        archive.extractall(tmp_path, filter="data")
    tmp_path.chmod(0o700)
    return tmp_path


def check_old(aws: LocalAws) -> None:
    s3 = aws.client("s3")
    found = everything(s3, "versions")
    assert [(row[0], row[2]) for row in found] == [
        ("gone", True), ("a", True), ("a", False), ("a", False), ("a", False), ("a/b", True), ("gone", False),
    ]  # fmt: skip
    newest_first = [
        (f"{number}".encode(), {"n": f"{number}"}, [{"Key": "n", "Value": f"{number}"}])
        for number in (2, 1, 0)
    ]
    assert [row[3:] for row in found[1:5]] == [*newest_first, (b"before versions", {}, [])]
    ((*_, body, _, tags),) = everything(s3, "plain")
    assert (body, tags) == (b"large " * 20_000, [{"Key": "t", "Value": "v"}])
    (upload,) = s3.list_multipart_uploads(Bucket="plain")["Uploads"]
    parts = s3.list_parts(Bucket="plain", Key="parts", UploadId=upload["UploadId"])["Parts"]
    assert [part["Size"] for part in parts] == [4]


def test_rows_of_all_versions_of_a_key_are_read_and_converted(old: Path) -> None:
    with LocalAws(state=old) as aws:
        check_old(aws)

    assert [scope for scope, _ in rows(old)] == [
        "plain/k", *["versions/a"] * 4, "versions/a/b", *["versions/gone"] * 2,
    ]  # fmt: skip
    assert (old / "format").read_text() == "3\n"
    with LocalAws(state=old) as aws:
        check_old(aws)


def test_a_conversion_that_was_killed_begins_again(
    old: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """After any number of its writes."""
    statements: list[Any] = []
    original = Journal._add

    def noting(journal: Journal, given: Any, lazy: bool) -> None:
        statements.extend(each for each in given if each[1][0] in ("version", "object"))
        original(journal, given, lazy)

    with pytest.MonkeyPatch.context() as patch:
        whole = tmp_path_factory.mktemp("whole")
        shutil.copytree(old, whole, dirs_exist_ok=True)
        patch.setattr(Journal, "_add", noting)
        with LocalAws(state=whole) as aws:
            check_old(aws)
    assert len(statements) > 10
    for count in range(1, len(statements), 3):
        half = tmp_path_factory.mktemp("half")
        shutil.copytree(old, half, dirs_exist_ok=True)
        journal = Journal(half / "journal.sqlite")
        original(journal, statements[:count], lazy=False)
        journal.close()
        (half / "format").write_text("3\n")

        with LocalAws(state=half) as aws:
            check_old(aws)
