"""Zip archives that reach outside of their folder are refused when they come, and can do nothing anyway."""

import io
import json
import shutil
import stat
import zipfile
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from localaws import LocalAws
from localaws.lambda_.code import CodeFolders
from tests.localaws.functions import invoke, make_function

HANDLER = "def handler(event, context): return 'old'"


def zipped(name: str, mode: int = 0o644, kind: int = stat.S_IFREG) -> bytes:
    """A handler, and an entry of that name."""
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w") as opened:
        opened.writestr("app.py", HANDLER)
        entry = zipfile.ZipInfo(name)
        entry.create_system, entry.external_attr = 3, (kind | mode) << 16
        opened.writestr(entry, "target")
    return body.getvalue()


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("{victim}", stat.S_IFREG),
        ("../../victim", stat.S_IFREG),
        ("a/../../victim", stat.S_IFREG),
        ("..\\victim", stat.S_IFREG),
        ("C:\\victim", stat.S_IFREG),
        ("link", stat.S_IFLNK),
    ],
)
def test_an_entry_outside_or_a_link_is_refused_by_name_wherever_code_is_uploaded(
    aws: LocalAws, tmp_path: Path, name: str, kind: int
) -> None:
    victim = tmp_path / "victim"
    victim.write_text("mine")
    victim.chmod(0o600)
    name = name.format(victim=victim)
    body = zipped(name, 0o777, kind)
    make_function(aws, "f", HANDLER)
    aws.client("s3").create_bucket(Bucket="code")
    aws.client("s3").put_object(Bucket="code", Key="c.zip", Body=body)
    client, stored = aws.client("lambda"), {"S3Bucket": "code", "S3Key": "c.zip"}

    for upload in (
        lambda: make_function(aws, "g", HANDLER, Code={"ZipFile": body}),
        lambda: make_function(aws, "g", HANDLER, Code=stored),
        lambda: client.update_function_code(FunctionName="f", ZipFile=body),
        lambda: client.update_function_code(FunctionName="f", **stored),
        lambda: client.publish_layer_version(LayerName="l", Content={"ZipFile": body}),
        lambda: client.publish_layer_version(LayerName="l", Content=stored),
    ):
        with pytest.raises(ClientError) as refused:
            upload()
        assert refused.value.response["Error"]["Code"] == "InvalidParameterValueException"
        assert repr(name) in refused.value.response["Error"]["Message"]

    assert stat.S_IMODE(victim.stat().st_mode) == 0o600
    assert [one["FunctionName"] for one in client.list_functions()["Functions"]] == ["f"]
    assert client.list_layers()["Layers"] == []
    assert invoke(aws, "f").payload == "old"


def test_what_is_no_archive_is_refused(aws: LocalAws) -> None:
    with pytest.raises(ClientError, match=r"InvalidParameterValueException.*Could not unzip uploaded file"):
        aws.client("lambda").publish_layer_version(LayerName="l", Content={"ZipFile": b"no zip"})


def test_unpacking_stays_within_its_folder_whatever_the_names_are(tmp_path: Path) -> None:
    """An archive of an older state was never looked at."""
    victim = tmp_path / "victim"
    victim.write_text("mine")
    victim.chmod(0o600)

    for name in (str(victim), "../../victim", "../victim"):
        folder = CodeFolders(tmp_path / "code").unpacked(zipped(name, 0o777), name)

        assert (folder / "app.py").read_text() == HANDLER
        assert victim.read_text() == "mine"
        assert stat.S_IMODE(victim.stat().st_mode) == 0o600


def test_modes_of_files_are_kept(tmp_path: Path) -> None:
    folder = CodeFolders(tmp_path).unpacked(zipped("bin/tool", 0o755), "digest")

    assert stat.S_IMODE((folder / "bin/tool").stat().st_mode) == 0o755


def test_a_handler_file_that_is_missing_is_an_error_of_the_function(aws: LocalAws) -> None:
    make_function(aws, "f", HANDLER, Handler="missing.handler")

    answer = invoke(aws, "f")

    assert answer.raw["StatusCode"] == 200
    assert answer.payload["errorType"] == "Runtime.ImportModuleError"


def test_code_that_is_gone_is_named_and_no_failure_of_the_server(aws: LocalAws, tmp_path: Path) -> None:
    sources = tmp_path / "sources"
    sources.mkdir()
    (sources / "app.py").write_text(HANDLER)
    (tmp_path / "template.json").write_text(
        json.dumps(
            {
                "Transform": "AWS::Serverless-2016-10-31",
                "Resources": {
                    "Made": {
                        "Type": "AWS::Serverless::Function",
                        "Metadata": {"DockerContext": "sources", "Dockerfile": "Dockerfile"},
                        "Properties": {
                            "FunctionName": "f",
                            "PackageType": "Image",
                            "ImageConfig": {"Command": ["app.handler"]},
                        },
                    }
                },
            }
        )
    )
    aws.deploy(tmp_path / "template.json", "stack")
    shutil.rmtree(sources)

    with pytest.raises(ClientError) as refused:
        invoke(aws, "f")

    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 502
    assert f"{sources}, which no longer exists" in refused.value.response["Error"]["Message"]


def test_code_that_was_never_there_is_refused(aws: LocalAws) -> None:
    with pytest.raises(ClientError, match="InvalidParameterValueException"):
        make_function(aws, "f", HANDLER, Code={"S3Bucket": "missing", "S3Key": "code.zip"})
