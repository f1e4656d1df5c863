"""Where keys come from, and when they are asked for."""

import stat
from pathlib import Path
from urllib.parse import urlsplit

import boto3
import pytest
from botocore.config import Config

from localaws import KeysUnusable, LocalAws
from tests.localaws.signing import send


def test_the_keys_are_random_private_and_kept(tmp_path: Path) -> None:
    state = tmp_path / "state"
    with LocalAws(auth=True, state=state) as first:
        made = first.credentials
    with LocalAws(auth=True, state=state) as second:
        kept = second.credentials
    with LocalAws(auth=True) as third:
        other = third.credentials

    assert made is not None
    assert kept is not None
    assert other is not None
    assert stat.S_IMODE((state / "credentials").stat().st_mode) == 0o600
    assert (made.is_new, kept.is_new) == (True, False)
    assert made[:2] == kept[:2]
    assert other.secret != made.secret
    assert len(made.secret) >= 40


@pytest.mark.parametrize(
    ("content", "mode", "why"),
    [("", 0o600, "has no profile"), ("[localaws]\n", 0o600, "has no profile"), ("x", 0o644, "can be read")],
)
def test_keys_that_are_damaged_or_known_to_others_are_not_used(
    tmp_path: Path, content: str, mode: int, why: str
) -> None:
    path = tmp_path / "credentials"
    path.write_text(content)
    path.chmod(mode)

    with pytest.raises(KeysUnusable, match=why):
        LocalAws(auth=True, state=tmp_path).start()


def test_a_key_that_looks_like_version_4_is_good_in_version_2(tmp_path: Path) -> None:
    path = tmp_path / "credentials"
    path.write_text("[localaws]\naws_access_key_id = LOCALAWS4\naws_secret_access_key = secret\n")
    path.chmod(0o600)
    with LocalAws(auth=True, state=tmp_path) as aws:
        s3 = boto3.client(
            "s3",
            endpoint_url=aws.endpoint,
            aws_access_key_id="LOCALAWS4",
            aws_secret_access_key="secret",
            config=Config(signature_version="s3"),
        )
        s3.create_bucket(Bucket="bucket")
        s3.put_object(Bucket="bucket", Key="k", Body=b"x")

        assert s3.get_object(Bucket="bucket", Key="k")["Body"].read() == b"x"


def test_without_auth_any_key_is_taken_and_a_known_presigned_one_is_verified() -> None:
    with LocalAws() as aws:
        s3 = boto3.client(
            "s3", endpoint_url=aws.endpoint, aws_access_key_id="test", aws_secret_access_key="test"
        )
        s3.create_bucket(Bucket="bucket")
        s3.put_object(Bucket="bucket", Key="k", Body=b"x")
        made_up = s3.generate_presigned_url("get_object", {"Bucket": "bucket", "Key": "k"})
        known = aws.client("s3").generate_presigned_url("get_object", {"Bucket": "bucket", "Key": "k"})

        for url in map(urlsplit, (made_up, made_up.replace("Signature=", "Signature=0"), known)):
            assert send(aws, "GET", f"{url.path}?{url.query}") == (200, b"x")
        url = urlsplit(known)
        assert send(aws, "GET", f"/bucket/other?{url.query}")[0] == 403
