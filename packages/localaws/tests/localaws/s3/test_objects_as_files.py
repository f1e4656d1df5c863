"""Objects are files: what is stored comes back, and a path on disk can be read by anybody."""

import base64
import hashlib
import http.client
import io
import os
import time
import zlib
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from boto3.s3.transfer import TransferConfig
from botocore.exceptions import ClientError

from localaws import LocalAws

BLOCK = b"0123456789abcdef" * 65536  # 1 MiB


@pytest.fixture
def bucket(aws: LocalAws) -> str:
    aws.client("s3").create_bucket(Bucket="bucket")
    return "bucket"


def files_on_disk(aws: LocalAws) -> list[Path]:
    """What is left once an hour has passed and the unused files were swept."""
    files = [path for path in (aws.folder / "objects").rglob("*") if path.is_file()]
    hour_ago = time.time() - 3600
    for path in files:
        os.utime(path, (hour_ago, hour_ago))
    aws.sweep()
    return [path for path in files if path.exists()]


def test_an_object_is_one_file_with_its_body(aws: LocalAws, bucket: str) -> None:
    put = aws.client("s3").put_object(Bucket=bucket, Key="a/b c.txt", Body=b"body", Metadata={"my_key": "v"})

    stored = aws.objects.resolve(bucket, "a/b c.txt")
    got = aws.client("s3").get_object(Bucket=bucket, Key="a/b c.txt")
    assert stored.path.read_bytes() == b"body"
    assert (stored.key, stored.size) == ("a/b c.txt", 4)
    assert got["Body"].read() == b"body"
    assert got["ContentLength"] == 4
    assert got["Metadata"] == {"my_key": "v"}
    assert put["ETag"] == got["ETag"] == f'"{hashlib.md5(b"body").hexdigest()}"'  # noqa: S324 - S3's ETag
    assert files_on_disk(aws) == [stored.path]


def test_files_are_listed_by_prefix_in_key_order(aws: LocalAws, bucket: str) -> None:
    for key in ("t/b", "t/a", "u/a"):
        aws.client("s3").put_object(Bucket=bucket, Key=key, Body=key.encode())

    assert [stored.key for stored in aws.objects.files(bucket, "t/")] == ["t/a", "t/b"]
    assert aws.objects.files("unknown", "") == []
    assert aws.objects.resolve(bucket, "t/") is None


def test_put_through_the_store_is_an_object_like_any_other(
    aws: LocalAws, bucket: str, tmp_path: Path
) -> None:
    source = tmp_path / "source"
    source.write_bytes(b"from a file")

    aws.objects.put(bucket, "file", source)
    aws.objects.put(bucket, "bytes", b"from memory")
    source.write_bytes(b"changed afterwards")

    assert aws.client("s3").get_object(Bucket=bucket, Key="file")["Body"].read() == b"from a file"
    assert aws.client("s3").get_object(Bucket=bucket, Key="bytes")["Body"].read() == b"from memory"
    with pytest.raises(FileNotFoundError, match="no bucket 'unknown'"):
        aws.objects.put("unknown", "k", b"")


def test_a_file_stays_until_nothing_refers_to_it_and_for_who_reads_it(aws: LocalAws, bucket: str) -> None:
    s3 = aws.client("s3")
    s3.put_object(Bucket=bucket, Key="k", Body=b"first")
    first = aws.objects.resolve(bucket, "k").path
    with first.open("rb") as reading:
        s3.put_object(Bucket=bucket, Key="k", Body=b"second")

        assert files_on_disk(aws) == [aws.objects.resolve(bucket, "k").path]
        assert reading.read() == b"first"
    assert not first.exists()


def test_a_young_file_is_never_swept(aws: LocalAws, bucket: str) -> None:
    """It may belong to a request that is not done, or to an object that has the same content since then."""
    s3 = aws.client("s3")
    s3.put_object(Bucket=bucket, Key="k", Body=b"same")
    path = aws.objects.resolve(bucket, "k").path
    os.utime(path, (0, 0))
    s3.put_object(Bucket=bucket, Key="other", Body=b"same")
    s3.delete_object(Bucket=bucket, Key="k")
    s3.delete_object(Bucket=bucket, Key="other")

    assert aws.sweep() == 0
    assert path.exists()


def test_objects_of_the_same_content_share_a_file_until_the_last_is_gone(aws: LocalAws, bucket: str) -> None:
    s3 = aws.client("s3")
    s3.put_object(Bucket=bucket, Key="a", Body=b"same")
    s3.copy_object(Bucket=bucket, Key="b", CopySource=f"{bucket}/a")
    s3.put_object(Bucket=bucket, Key="c", Body=b"same")

    s3.delete_object(Bucket=bucket, Key="a")
    s3.put_object(Bucket=bucket, Key="b", Body=b"other")

    assert len(files_on_disk(aws)) == 2
    assert s3.get_object(Bucket=bucket, Key="c")["Body"].read() == b"same"


def test_a_deleted_object_leaves_no_file(aws: LocalAws, bucket: str) -> None:
    s3 = aws.client("s3")
    for key in ("a", "b", "c"):
        s3.put_object(Bucket=bucket, Key=key, Body=b"x")

    s3.delete_object(Bucket=bucket, Key="a")
    s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "b"}, {"Key": "c"}]})

    assert files_on_disk(aws) == []


def test_an_empty_object_is_an_object(aws: LocalAws, bucket: str) -> None:
    aws.client("s3").put_object(Bucket=bucket, Key="empty")

    assert aws.client("s3").get_object(Bucket=bucket, Key="empty")["Body"].read() == b""
    assert aws.objects.resolve(bucket, "empty").path.read_bytes() == b""


@pytest.mark.parametrize(
    ("asked", "expected"), [("bytes=2-4", b"234"), ("bytes=-3", b"def"), ("bytes=13-", b"def")]
)
def test_a_range_is_cut_from_the_file(aws: LocalAws, bucket: str, asked: str, expected: bytes) -> None:
    aws.client("s3").put_object(Bucket=bucket, Key="k", Body=b"0123456789abcdef")

    got = aws.client("s3").get_object(Bucket=bucket, Key="k", Range=asked)

    assert got["Body"].read() == expected
    assert got["ContentRange"].endswith("/16")


def test_a_range_beyond_the_end_is_refused(aws: LocalAws, bucket: str) -> None:
    aws.client("s3").put_object(Bucket=bucket, Key="k", Body=b"short")

    with pytest.raises(ClientError, match="InvalidRange"):
        aws.client("s3").get_object(Bucket=bucket, Key="k", Range="bytes=99-")


def test_an_upload_in_parts_becomes_one_file(aws: LocalAws, bucket: str) -> None:
    body = b"".join(bytes([number]) * (1 << 20) for number in range(17))
    parts = TransferConfig(multipart_threshold=1 << 20, multipart_chunksize=5 << 20)

    aws.client("s3").upload_fileobj(io.BytesIO(body), bucket, "large", Config=parts)

    stored = aws.objects.resolve(bucket, "large")
    assert stored.path.read_bytes() == body
    assert files_on_disk(aws) == [stored.path]
    back = io.BytesIO()
    aws.client("s3").download_fileobj(bucket, "large", back, Config=parts)
    assert back.getvalue() == body
    assert aws.client("s3").head_object(Bucket=bucket, Key="large")["ETag"].endswith('-4"')


def test_an_abandoned_upload_leaves_no_file(aws: LocalAws, bucket: str) -> None:
    s3 = aws.client("s3")
    upload = s3.create_multipart_upload(Bucket=bucket, Key="k")["UploadId"]
    s3.upload_part(Bucket=bucket, Key="k", UploadId=upload, PartNumber=1, Body=b"part")
    s3.upload_part(Bucket=bucket, Key="k", UploadId=upload, PartNumber=1, Body=b"again")
    assert len(files_on_disk(aws)) == 1

    s3.abort_multipart_upload(Bucket=bucket, Key="k", UploadId=upload)

    assert files_on_disk(aws) == []


def test_a_small_part_that_is_not_the_last_is_refused(aws: LocalAws, bucket: str) -> None:
    s3 = aws.client("s3")
    upload = s3.create_multipart_upload(Bucket=bucket, Key="k")["UploadId"]
    parts = [
        {
            "PartNumber": number,
            "ETag": s3.upload_part(Bucket=bucket, Key="k", UploadId=upload, PartNumber=number, Body=b"x")[
                "ETag"
            ],
        }
        for number in (1, 2)
    ]

    with pytest.raises(ClientError, match="EntityTooSmall"):
        s3.complete_multipart_upload(
            Bucket=bucket, Key="k", UploadId=upload, MultipartUpload={"Parts": parts}
        )


def test_a_copy_survives_its_source(aws: LocalAws, bucket: str) -> None:
    s3 = aws.client("s3")
    s3.put_object(Bucket=bucket, Key="source", Body=BLOCK)

    s3.copy_object(Bucket=bucket, Key="copy", CopySource={"Bucket": bucket, "Key": "source"})
    s3.delete_object(Bucket=bucket, Key="source")

    assert s3.get_object(Bucket=bucket, Key="copy")["Body"].read() == BLOCK
    assert len(files_on_disk(aws)) == 1


def test_parts_can_be_copied_from_other_objects(aws: LocalAws, bucket: str) -> None:
    s3 = aws.client("s3")
    s3.put_object(Bucket=bucket, Key="source", Body=b"0123456789")
    upload = s3.create_multipart_upload(Bucket=bucket, Key="k")["UploadId"]
    part = s3.upload_part_copy(
        Bucket=bucket,
        Key="k",
        UploadId=upload,
        PartNumber=1,
        CopySource={"Bucket": bucket, "Key": "source"},
        CopySourceRange="bytes=2-5",
    )["CopyPartResult"]["ETag"]
    s3.complete_multipart_upload(
        Bucket=bucket, Key="k", UploadId=upload, MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": part}]}
    )

    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"2345"


def test_every_version_keeps_its_file_and_listing_them_removes_none(aws: LocalAws, bucket: str) -> None:
    s3 = aws.client("s3")
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    first = s3.put_object(Bucket=bucket, Key="k", Body=b"first")["VersionId"]
    second = s3.put_object(Bucket=bucket, Key="k", Body=b"second")["VersionId"]

    versions = [version["VersionId"] for version in s3.list_object_versions(Bucket=bucket)["Versions"]]

    assert set(versions) == {first, second}
    assert s3.get_object(Bucket=bucket, Key="k", VersionId=first)["Body"].read() == b"first"
    assert aws.objects.resolve(bucket, "k").path.read_bytes() == b"second"
    s3.delete_object(Bucket=bucket, Key="k")
    assert aws.objects.files(bucket, "") == []  # a delete marker is current
    s3.delete_object(Bucket=bucket, Key="k", VersionId=first)
    assert len(files_on_disk(aws)) == 1


def send(aws: LocalAws, path: str, body: bytes, headers: dict[str, str]) -> tuple[int, bytes]:
    address = urlsplit(aws.endpoint)
    connection = http.client.HTTPConnection(str(address.hostname), address.port, timeout=10)
    connection.request("PUT", path, body, headers)
    response = connection.getresponse()
    answer = response.status, response.read()
    connection.close()
    return answer


def test_a_body_in_signed_chunks_with_a_trailing_checksum_is_taken_apart(aws: LocalAws, bucket: str) -> None:
    """The AWS CLI and the Java SDK send it so."""
    body = b"hello, chunks"
    checksum = base64.b64encode(zlib.crc32(body).to_bytes(4, "big"))
    framed = (
        b"5;chunk-signature=aa\r\nhello\r\n8;chunk-signature=bb\r\n, chunks\r\n0;chunk-signature=cc\r\n"
        b"x-amz-checksum-crc32:" + checksum + b"\r\n\r\n"
    )

    status, _ = send(
        aws,
        f"/{bucket}/chunked",
        framed,
        {
            "Authorization": "AWS4-HMAC-SHA256 Credential=x/20260101/us-east-1/s3/aws4_request, "
            f"SignedHeaders=host, Signature={'0' * 64}",
            "Content-Encoding": "aws-chunked",
            "x-amz-content-sha256": "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER",
            "x-amz-decoded-content-length": str(len(body)),
            "x-amz-trailer": "x-amz-checksum-crc32",
        },
    )

    got = aws.client("s3").get_object(Bucket=bucket, Key="chunked", ChecksumMode="ENABLED")
    assert status == 200
    assert got["Body"].read() == body  # boto3 compares the checksum
    assert got["ChecksumCRC32"] == checksum.decode()
    assert "ContentEncoding" not in got


def test_a_body_that_is_not_what_its_md5_says_is_refused_and_leaves_no_file(
    aws: LocalAws, bucket: str
) -> None:
    with pytest.raises(ClientError, match="BadDigest"):
        aws.client("s3").put_object(
            Bucket=bucket, Key="k", Body=b"x", ContentMD5=base64.b64encode(b"0" * 16).decode()
        )

    assert aws.objects.resolve(bucket, "k") is None
    assert files_on_disk(aws) == []


def test_a_put_to_a_missing_bucket_leaves_no_file(aws: LocalAws) -> None:
    with pytest.raises(ClientError, match="NoSuchBucket"):
        aws.client("s3").put_object(Bucket="missing", Key="k", Body=b"x")

    assert files_on_disk(aws) == []


def test_a_presigned_url_takes_a_body_without_credentials(aws: LocalAws, bucket: str) -> None:
    url = urlsplit(aws.client("s3").generate_presigned_url("put_object", {"Bucket": bucket, "Key": "k"}))

    status, _ = send(aws, f"{url.path}?{url.query}", b"signed", {})

    assert status == 200
    assert aws.objects.resolve(bucket, "k").path.read_bytes() == b"signed"


def test_settings_of_objects_are_not_bodies(aws: LocalAws, bucket: str) -> None:
    s3 = aws.client("s3")
    s3.put_object(Bucket=bucket, Key="k", Body=b"body")

    s3.put_object_tagging(Bucket=bucket, Key="k", Tagging={"TagSet": [{"Key": "a", "Value": "b"}]})

    assert s3.get_object_tagging(Bucket=bucket, Key="k")["TagSet"] == [{"Key": "a", "Value": "b"}]
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"body"


def test_a_copy_of_an_upload_in_parts_can_be_read(aws: LocalAws, bucket: str) -> None:
    """The checksum of its parts is none of the copy's, which clients would check it by."""
    s3, large = aws.client("s3"), BLOCK * 12
    parts = TransferConfig(multipart_threshold=5 << 20, multipart_chunksize=5 << 20)
    s3.upload_fileobj(io.BytesIO(large), bucket, "large", Config=parts)
    s3.copy_object(Bucket=bucket, Key="copy", CopySource={"Bucket": bucket, "Key": "large"})

    assert s3.get_object(Bucket=bucket, Key="copy")["Body"].read() == large
