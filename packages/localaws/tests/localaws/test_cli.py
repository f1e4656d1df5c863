"""``localaws up`` serves a template from the command line."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from localaws.aws_session import make_client
from localaws.cli import app

SAMPLE = Path(__file__).parent / "sample" / "template.yaml"


def up_until_ready(*arguments: str) -> str:
    """What ``localaws up`` printed until it was ready; it is interrupted then, and ends cleanly."""
    process = subprocess.Popen(
        [sys.executable, "-m", "localaws.cli", "up", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        printed = ""
        for line in process.stdout:
            printed += line
            if line.startswith("ready"):
                break
    finally:
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate()
    assert process.returncode == 0, errors
    return printed


TOLD = """
import signal, sys, threading
from localaws.cli import main

def told():
    sys.stdin.readline()
    signal.pthread_kill(threading.get_ident(), signal.SIGINT)

threading.Thread(target=told, daemon=True).start()
sys.argv[1:] = ["up"]
main()
"""


def test_a_signal_that_another_thread_got_ends_up() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", TOLD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            assert any(line.startswith("ready") for line in process.stdout)
            print(file=process.stdin, flush=True)
            assert process.wait(timeout=60) == 0
        finally:
            process.kill()


def test_up_prints_where_it_is_and_ends_cleanly_when_it_is_interrupted() -> None:
    printed = up_until_ready("--template", str(SAMPLE), "--stack", "demo", "--parameter", "Stage=production")

    assert printed.startswith("endpoint  http://127.0.0.1:")
    assert "\nBucket  demo-texts" in printed


def test_a_deployment_that_fails_is_told_and_ends_in_1(tmp_path: Path) -> None:
    template = tmp_path / "template.yaml"
    template.write_text("Resources: {Card: {Type: 'AWS::FooBar::Card'}}")

    result = CliRunner().invoke(app, ["up", "--template", str(template)])

    assert result.exit_code == 1
    assert "AWS::FooBar::Card (logical id Card) is not supported" in result.output.replace(": is", " is")


def test_with_auth_it_says_once_which_keys_it_made_and_how_to_use_them(tmp_path: Path) -> None:
    state = tmp_path / "state"
    first, second = (
        up_until_ready("--state", str(state), "--auth"),
        up_until_ready("--state", str(state), "--auth"),
    )

    settings = f"AWS_SHARED_CREDENTIALS_FILE={state / 'credentials'} AWS_PROFILE=localaws"
    secret = (state / "credentials").read_text().split()[-1]
    assert f"against the keys in {state / 'credentials'}" in first
    assert settings in first
    assert settings in second
    assert f"secret {secret}" in first
    assert secret not in second


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["--host", "evil.example"], "is not an address to listen on"),
        (["--allow-origin", "*"], "write scheme, host and port only"),
    ],
)
def test_what_cannot_be_listened_on_or_allowed_is_a_usage_error(arguments: list[str], why: str) -> None:
    result = CliRunner().invoke(app, ["up", *arguments], env={"COLUMNS": "200"})

    assert result.exit_code == 2
    assert why in result.output


def test_a_parameter_must_have_a_value() -> None:
    result = CliRunner().invoke(app, ["up", "--parameter", "novalue"])

    assert result.exit_code == 2
    assert "KEY=VALUE" in result.output


def test_the_users_own_aws_settings_decide_nothing(tmp_path: Path) -> None:
    """Neither a profile that does not exist, nor a proxy, nor an endpoint, nor ~/.aws."""
    settings = tmp_path / "config"
    settings.write_text("[default]\nregion = nowhere-1\nendpoint_url = http://127.0.0.1:9\n")
    code = f"""
from pathlib import Path
from localaws import LocalAws
with LocalAws() as aws:
    print(sorted(aws.deploy(Path({str(SAMPLE)!r}), "s").outputs)[0])
"""
    theirs = {
        "AWS_CONFIG_FILE": str(settings),
        "AWS_PROFILE": "no-such-profile",
        "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
        "HTTP_PROXY": "http://127.0.0.1:9",
        "http_proxy": "http://127.0.0.1:9",
    }

    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **theirs},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stdout) == (0, "Bucket\n"), done.stderr


def test_no_iam_makes_roles_count_for_nothing(tmp_path: Path) -> None:
    template = tmp_path / "template.yaml"
    template.write_text("""
Transform: AWS::Serverless-2016-10-31
Resources:
  Lister:
    Type: AWS::Serverless::Function
    Properties:
      FunctionName: lister
      Runtime: python3.12
      Handler: index.handler
      InlineCode: |
        import boto3
        def handler(event, context):
            return len(boto3.client("s3").list_buckets()["Buckets"])
""")
    for options, wanted in ((["--no-iam"], None), ([], "Unhandled")):
        command = [sys.executable, "-m", "localaws.cli", "up", "--template", str(template), *options]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        try:
            assert process.stdout is not None
            endpoint = process.stdout.readline().split()[1]
            while not process.stdout.readline().startswith("ready"):
                assert process.poll() is None
            client = make_client("lambda", endpoint, "us-east-1")
            answer = client.invoke(FunctionName="lister")
        finally:
            process.send_signal(signal.SIGINT)
            process.communicate()

        assert answer.get("FunctionError") == wanted, answer["Payload"].read()


def test_a_region_that_there_is_not_is_told_with_the_nearest(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["up", "--region", "eu-centrall-1"])

    assert result.exit_code == 1
    assert "there is no region 'eu-centrall-1': did you mean eu-central-1?" in result.output


def test_the_version_is_printed() -> None:
    result = CliRunner().invoke(app, ["--version"])

    assert result.exit_code == 0
    assert result.output.startswith("localaws ")
