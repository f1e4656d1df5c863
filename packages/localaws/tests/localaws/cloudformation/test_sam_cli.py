"""The real ``sam`` deploys to the endpoint; skipped where `make sam` has not installed it."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from localaws import LocalAws

SAM = Path(__file__).parents[3] / ".venv-sam/bin/sam"
pytestmark = pytest.mark.skipif(
    not SAM.exists(), reason="SAM's command line is not here: `make sam` installs it"
)

TEMPLATE = """
Transform: AWS::Serverless-2016-10-31
Parameters:
  Word: {Type: String, Default: first}
Resources:
  Say:
    Type: AWS::Serverless::Function
    Properties:
      FunctionName: say
      Runtime: python3.12
      Handler: app.handler
      CodeUri: code/
      Environment: {Variables: {WORD: !Ref Word}}
Outputs:
  Arn: {Value: !GetAtt Say.Arn}
"""


def sam(aws: LocalAws, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
        "AWS_ENDPOINT_URL": aws.endpoint,
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "x",
        "AWS_SECRET_ACCESS_KEY": "x",
        "SAM_CLI_TELEMETRY": "0",
        "SAM_CLI_POLL_DELAY": "0.2",
    }
    return subprocess.run(
        [SAM, *arguments, "--stack-name", "s", "--region", "us-east-1"],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
    )


def deploy(aws: LocalAws, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    ways = ("--resolve-s3", "--capabilities", "CAPABILITY_IAM", "--no-progressbar")
    return sam(aws, folder, "deploy", *ways, *arguments)


def said(aws: LocalAws) -> str:
    return str(json.load(aws.client("lambda").invoke(FunctionName="say")["Payload"]))


@pytest.mark.slow
def test_sam_deploys_updates_finds_nothing_to_do_fails_and_deletes(aws: LocalAws, tmp_path: Path) -> None:
    (tmp_path / "code").mkdir()
    (tmp_path / "code/app.py").write_text("import os\n\ndef handler(e, c):\n    return os.environ['WORD']\n")
    (tmp_path / "template.yaml").write_text(TEMPLATE)

    created = deploy(aws, tmp_path)
    assert created.returncode == 0, created.stdout + created.stderr
    assert "+ Add" in created.stdout
    assert "Successfully created/updated stack - s" in created.stdout
    assert said(aws) == "first"

    updated = deploy(aws, tmp_path, "--parameter-overrides", "Word=second")
    assert updated.returncode == 0, updated.stdout + updated.stderr
    assert "UPDATE_COMPLETE" in updated.stdout
    assert said(aws) == "second"

    same = deploy(aws, tmp_path, "--parameter-overrides", "Word=second", "--no-fail-on-empty-changeset")
    assert same.returncode == 0, same.stdout + same.stderr
    assert "No changes to deploy. Stack s is up to date" in same.stdout

    bad = TEMPLATE.replace("Outputs:", "  Card: {Type: 'AWS::FooBar::Card'}\nOutputs:")
    (tmp_path / "template.yaml").write_text(bad)
    refused = deploy(aws, tmp_path)
    assert refused.returncode == 1
    assert "AWS::FooBar::Card" in refused.stderr
    assert said(aws) == "second"

    deleted = sam(aws, tmp_path, "delete", "--no-prompts")
    assert deleted.returncode == 0, deleted.stdout + deleted.stderr
    assert aws.client("lambda").list_functions()["Functions"] == []
