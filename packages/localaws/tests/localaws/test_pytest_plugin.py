"""The fixtures that localaws gives to the tests of other projects, used by such a project."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

PATIENCE = 120  # seconds; a watchdog
TEMPLATE = """
Transform: AWS::Serverless-2016-10-31
Parameters:
  Greeting:
    Type: String
    Default: hello
Resources:
  Bucket:
    Type: AWS::S3::Bucket
  Greeter:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: src
      Handler: app.handler
      Runtime: python3.12
      Environment:
        Variables:
          GREETING: !Ref Greeting
Outputs:
  BucketName:
    Value: !Ref Bucket
"""
HANDLER = """
import os


def handler(event, context):
    return f"{os.environ['GREETING']}, {event['name']}"
"""
TESTS = """
import json

import boto3
import pytest


@pytest.fixture
def s3():
    client = boto3.client("s3")
    yield client
    client.close()


def test_the_bucket_is_there(deployed_stack, s3):
    s3.put_object(Bucket=deployed_stack.outputs["BucketName"], Key="a", Body=b"b")
    assert s3.get_object(Bucket=deployed_stack.resources["Bucket"], Key="a")["Body"].read() == b"b"


def test_the_function_answers(localaws, deployed_stack):
    answer = localaws.invoke(deployed_stack.resources["Greeter"], b'{"name": "Ada"}')
    assert json.loads(answer.payload) == "good morning, Ada"
"""


def run_tests(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The project's tests, run by a person who has profiles of real accounts."""
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", *arguments],
        cwd=project,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        env={**os.environ, "AWS_PROFILE": "production", "PYTEST_ADDOPTS": ""},
        check=False,
    )


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "app.py").write_text(HANDLER)
    (tmp_path / "deploy.yaml").write_text(TEMPLATE)
    (tmp_path / "pytest.ini").write_text(
        "[pytest]\nlocalaws_template = deploy.yaml\nlocalaws_parameters =\n    Greeting = good morning\n"
    )
    (tmp_path / "test_it.py").write_text(TESTS)
    return tmp_path


def test_a_project_is_deployed_and_its_tests_reach_it(project: Path) -> None:
    done = run_tests(project)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 passed" in done.stdout


def test_a_wrong_setting_is_explained(project: Path) -> None:
    settings = project / "pytest.ini"
    settings.write_text("[pytest]\nlocalaws_template = missing.yaml\n")
    absent = run_tests(project, "-k", "bucket")
    settings.write_text("[pytest]\nlocalaws_template = deploy.yaml\nlocalaws_parameters =\n    Greeting\n")
    wrong = run_tests(project, "-k", "bucket")

    assert "missing.yaml: say where it is with localaws_template" in absent.stdout
    assert "localaws_parameters has 'Greeting': write Name=value" in wrong.stdout
