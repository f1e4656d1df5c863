"""Versions are kept as S3 keeps them, over a restart too."""

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from localaws import LocalAws
from localaws.s3.buckets import find_bucket
from localaws.s3.lifecycle import expire

BUCKET = "bucket"


@pytest.fixture
def s3(aws: LocalAws) -> Any:
    client = aws.client("s3")
    client.create_bucket(Bucket=BUCKET)
    set_versioning(client, "Enabled")
    return client


def set_versioning(s3: Any, status: str) -> None:
    s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": status})


def put(s3: Any, key: str, body: str) -> str:
    return str(s3.put_object(Bucket=BUCKET, Key=key, Body=body.encode()).get("VersionId", "null"))


def get(s3: Any, key: str, **more: str) -> str:
    return str(s3.get_object(Bucket=BUCKET, Key=key, **more)["Body"].read().decode())


def listed(s3: Any, page: int = 1000, **more: str) -> list[tuple[str, str, bool, bool]]:
    """Key, version, whether it is the latest, whether it is a delete marker; in the order of the pages."""
    pages = s3.get_paginator("list_object_versions").paginate(
        Bucket=BUCKET, PaginationConfig={"PageSize": page}, **more
    )
    return [
        (entry["Key"], entry["VersionId"], entry["IsLatest"], kind == "DeleteMarkers")
        for found in pages
        for kind in ("Versions", "DeleteMarkers")
        for entry in found.get(kind, [])
    ]


def test_each_put_is_a_version_that_can_be_read_and_the_newest_is_the_latest(s3: Any) -> None:
    """Also of puts that come within one millisecond."""
    ids = [put(s3, "a", str(number)) for number in range(50)]

    assert listed(s3) == [("a", version, version == ids[-1], False) for version in reversed(ids)]
    assert [get(s3, "a", VersionId=version) for version in ids[::10]] == ["0", "10", "20", "30", "40"]
    assert get(s3, "a") == "49"


def test_what_is_deleted_is_hidden_and_not_lost(s3: Any) -> None:
    version = put(s3, "folder/a", "1")
    put(s3, "b", "2")
    marker = s3.delete_object(Bucket=BUCKET, Key="folder/a")

    with pytest.raises(ClientError, match="NoSuchKey"):
        get(s3, "folder/a")
    found = s3.list_objects_v2(Bucket=BUCKET, Delimiter="/")
    assert [row["Key"] for row in found["Contents"]] == ["b"]
    assert "CommonPrefixes" not in found
    assert get(s3, "folder/a", VersionId=version) == "1"
    assert listed(s3, Prefix="folder/") == [
        ("folder/a", version, False, False),
        ("folder/a", marker["VersionId"], True, True),
    ]

    s3.delete_object(Bucket=BUCKET, Key="folder/a", VersionId=marker["VersionId"])
    assert get(s3, "folder/a") == "1"


def test_a_version_that_is_deleted_by_its_id_is_gone_for_good(s3: Any) -> None:
    first, second = put(s3, "a", "1"), put(s3, "a", "2")
    s3.delete_object(Bucket=BUCKET, Key="a", VersionId=second)

    assert get(s3, "a") == "1"
    assert listed(s3) == [("a", first, True, False)]
    with pytest.raises(ClientError, match="NoSuchVersion"):
        get(s3, "a", VersionId=second)


def test_of_a_key_nothing_is_left_when_its_last_version_and_marker_are_deleted(s3: Any) -> None:
    version = put(s3, "a", "1")
    marker = s3.delete_object(Bucket=BUCKET, Key="a")["VersionId"]
    s3.delete_object(Bucket=BUCKET, Key="a", VersionId=version)
    assert listed(s3) == [("a", marker, True, True)]

    s3.delete_object(Bucket=BUCKET, Key="a", VersionId=marker)
    assert listed(s3) == []
    s3.delete_bucket(Bucket=BUCKET)


@pytest.mark.parametrize("page", [1, 2, 3, 7])
def test_pages_of_versions_leave_nothing_out_and_give_nothing_twice(s3: Any, page: int) -> None:
    for number in range(4):
        for key in ("a", "a/b", "b/c", "b/d", "c"):
            put(s3, key, str(number))
    s3.delete_object(Bucket=BUCKET, Key="b/c")

    paged = listed(s3, page)
    assert len(paged) == len(set(paged)) == 21
    assert set(paged) == set(listed(s3))


@pytest.mark.parametrize("page", [1, 2, 1000])
def test_folders_of_versions_are_listed_once(s3: Any, page: int) -> None:
    for key in ("a", "b/c", "b/d", "e/f", "g"):
        put(s3, key, "1")
        put(s3, key, "2")
    pages = list(
        s3.get_paginator("list_object_versions").paginate(
            Bucket=BUCKET, Delimiter="/", PaginationConfig={"PageSize": page}
        )
    )

    assert [row["Prefix"] for found in pages for row in found.get("CommonPrefixes", [])] == ["b/", "e/"]
    assert [row["Key"] for found in pages for row in found.get("Versions", [])] == ["a", "a", "g", "g"]


def test_where_versioning_is_suspended_what_was_kept_stays_and_only_null_is_replaced(s3: Any) -> None:
    kept = put(s3, "a", "kept")
    set_versioning(s3, "Suspended")
    assert put(s3, "a", "1") == "null"
    put(s3, "a", "2")
    assert listed(s3) == [("a", "null", True, False), ("a", kept, False, False)]

    s3.delete_object(Bucket=BUCKET, Key="a")
    assert listed(s3) == [("a", kept, False, False), ("a", "null", True, True)]
    assert get(s3, "a", VersionId=kept) == "kept"


def test_what_lay_there_before_versioning_is_the_version_null(aws: LocalAws) -> None:
    s3 = aws.client("s3")
    s3.create_bucket(Bucket=BUCKET)
    put(s3, "a", "before")
    set_versioning(s3, "Enabled")
    newer = put(s3, "a", "after")

    assert listed(s3) == [("a", newer, True, False), ("a", "null", False, False)]
    assert get(s3, "a", VersionId="null") == "before"


def test_versions_and_delete_markers_are_there_after_a_restart(tmp_path: Path) -> None:
    state = tmp_path / "state"
    with LocalAws(state=state) as aws:
        s3 = aws.client("s3")
        s3.create_bucket(Bucket=BUCKET)
        set_versioning(s3, "Enabled")
        ids = [put(s3, "a", str(number)) for number in range(3)]
        put(s3, "b", "1")
        s3.delete_object(Bucket=BUCKET, Key="b")
        with Path(sys.executable).open("rb") as large:
            s3.upload_fileobj(large, BUCKET, "a")
        before = listed(s3)
    with LocalAws(state=state) as aws:
        s3 = aws.client("s3")
        assert listed(s3) == before
        assert [get(s3, "a", VersionId=version) for version in ids] == ["0", "1", "2"]
        assert s3.get_bucket_versioning(Bucket=BUCKET)["Status"] == "Enabled"
        s3.delete_object(Bucket=BUCKET, Key="a", VersionId=ids[1])
    with LocalAws(state=state) as aws:
        assert [row for row in before if row[1] != ids[1]] == listed(aws.client("s3"))


def rule(prefix: str, **more: Any) -> dict[str, Any]:
    days = {"NoncurrentVersionExpiration": {"NoncurrentDays": 10}}
    return {"ID": prefix, "Status": "Enabled", "Filter": {"Prefix": prefix}, **days, **more}


def test_old_versions_go_when_their_time_has_come_and_current_objects_never(tmp_path: Path) -> None:
    state = tmp_path / "state"
    with LocalAws(state=state) as aws:
        s3 = aws.client("s3")
        s3.create_bucket(Bucket=BUCKET)
        set_versioning(s3, "Enabled")
        rules = [
            rule("a/", Expiration={"ExpiredObjectDeleteMarker": True}),
            rule("b/"),
            rule("c/", Expiration={"Days": 20}),
        ]
        s3.put_bucket_lifecycle_configuration(Bucket=BUCKET, LifecycleConfiguration={"Rules": rules})
        for folder in ("a/", "b/", "c/", "other/"):
            for number in range(3):
                put(s3, folder + "kept", str(number))
            put(s3, folder + "deleted", "1")
            s3.delete_object(Bucket=BUCKET, Key=folder + "deleted")
        everything = listed(s3)

        def after(days: float) -> set[tuple[str, bool]]:
            """Keys, and whether it is a marker, that are left so many days later."""
            expire(find_bucket(BUCKET), datetime.now(UTC).replace(tzinfo=None) + timedelta(days=days))
            return {(key, marker) for key, _, _, marker in listed(s3) if not key.startswith("other/")}

        after(9.9)
        assert listed(s3) == everything
        kept = {(f"{folder}/kept", False) for folder in "abc"}
        assert after(10.1) == kept | {("b/deleted", True), ("c/deleted", True)}
        assert after(20.1) == kept | {("b/deleted", True)}
        assert [row for row in listed(s3) if row[0] == "a/kept"] == [
            row for row in everything if row[0] == "a/kept" and row[2]
        ]
        assert [row for row in listed(s3) if row[0].startswith("other/")] == [
            row for row in everything if row[0].startswith("other/")
        ]
        left = listed(s3)
    with LocalAws(state=state) as aws:
        assert listed(aws.client("s3")) == left
