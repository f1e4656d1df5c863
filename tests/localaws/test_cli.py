"""``localaws up`` serves a template from the command line."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from typer.testing import CliRunner

from localaws.cli import app

SAMPLE = Path(__file__).parent / "sample" / "template.yaml"


def test_up_prints_where_it_is_and_ends_cleanly_when_it_is_interrupted() -> None:
    command = [sys.executable, "-m", "localaws.cli", "up", "--template", str(SAMPLE), "--stack", "demo"]
    process = subprocess.Popen(
        [*command, "--parameter", "Stage=production"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        lines = []
        for line in process.stdout:
            lines.append(line)
            if line.startswith("ready"):
                break
    finally:
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate()

    assert lines[0].startswith("endpoint  http://127.0.0.1:")
    assert any(line.startswith("Bucket  demo-textbucket-") for line in lines)
    assert process.returncode == 0, errors


def test_a_deployment_that_fails_is_told_and_ends_in_1(tmp_path: Path) -> None:
    template = tmp_path / "template.yaml"
    template.write_text("Resources: {Card: {Type: 'AWS::FooBar::Card'}}")

    result = CliRunner().invoke(app, ["up", "--template", str(template)])

    assert result.exit_code == 1
    assert "AWS::FooBar::Card (logical id Card) is not supported" in result.output.replace(": is", " is")


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


def test_a_region_that_there_is_not_is_told_with_the_nearest(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["up", "--region", "eu-centrall-1"])

    assert result.exit_code == 1
    assert "there is no region 'eu-centrall-1': did you mean eu-central-1?" in result.output


def test_the_version_is_printed() -> None:
    result = CliRunner().invoke(app, ["--version"])

    assert result.exit_code == 0
    assert result.output.startswith("localaws ")
