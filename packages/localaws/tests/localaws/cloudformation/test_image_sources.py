"""Image functions that come by the API: they run the folder that their image is built from."""

import json
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from localaws import LocalAws

TEMPLATE = {
    "Transform": "AWS::Serverless-2016-10-31",
    "Resources": {
        "Say": {
            "Type": "AWS::Serverless::Function",
            "Metadata": {"Dockerfile": "Dockerfile", "DockerContext": "."},
            "Properties": {"PackageType": "Image", "ImageUri": "127.0.0.1:5005/say:1", "FunctionName": "say"},
        }
    },
}


def write(folder: Path, answer: str) -> None:
    (folder / "Dockerfile").write_text('FROM public.ecr.aws/lambda/python:3.12\nCMD ["app.handler"]\n')
    (folder / "app.py").write_text(f"def handler(event, context):\n    return {answer!r}\n")


def template(context: str | Path, uri: str = "127.0.0.1:5005/say:1") -> str:
    made = json.loads(json.dumps(TEMPLATE))
    made["Resources"]["Say"]["Metadata"]["DockerContext"] = str(context)
    made["Resources"]["Say"]["Properties"]["ImageUri"] = uri
    return json.dumps(made)


def said(aws: LocalAws) -> str:
    return str(json.load(aws.client("lambda").invoke(FunctionName="say")["Payload"]))


def test_a_built_template_runs_its_context_and_a_new_image_runs_what_it_holds_now(
    aws: LocalAws, tmp_path: Path
) -> None:
    write(tmp_path, "first")
    cloudformation = aws.client("cloudformation")
    cloudformation.create_stack(StackName="s", TemplateBody=template(tmp_path))
    before = said(aws)

    write(tmp_path, "second")
    cloudformation.update_stack(StackName="s", TemplateBody=template(tmp_path, "127.0.0.1:5005/say:2"))

    assert (before, said(aws)) == ("first", "second")


def test_a_relative_context_is_taken_from_the_folder_in_which_localaws_was_started(
    aws: LocalAws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, "here")
    monkeypatch.chdir(tmp_path)

    aws.client("cloudformation").create_stack(StackName="s", TemplateBody=template("."))

    assert said(aws) == "here"


def test_an_image_whose_sources_are_not_to_be_found_is_refused(aws: LocalAws, tmp_path: Path) -> None:
    for context in ("nowhere", tmp_path / "nowhere"):
        with pytest.raises(
            ClientError, match=r"(?s)ValidationError.*give the function Metadata.DockerContext"
        ):
            aws.client("cloudformation").create_stack(StackName="s", TemplateBody=template(context))
