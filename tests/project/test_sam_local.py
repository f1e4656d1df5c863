"""What `sam local invoke` is given, and how its output is read (scripts/sam_local.py, `make sam-local`)."""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from localaws import LocalAws

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "scripts/sam_local.py"


@pytest.fixture(scope="module")
def script() -> Any:
    spec = importlib.util.spec_from_file_location("sam_local", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_env_json_says_what_the_deployed_functions_are_told() -> None:
    given = json.loads((ROOT / "events/env.json").read_text())["Parameters"]
    with LocalAws() as aws:
        aws.deploy(ROOT / "template.yaml", "stepcast", {"EndpointUrl": given["AWS_ENDPOINT_URL"]})
        deployed: dict[str, str] = {}
        for function in aws.client("lambda").list_functions()["Functions"]:
            deployed |= function["Environment"]["Variables"]

    assert {name: deployed[name] for name in given} == given


def test_without_an_endpoint_functions_are_told_of_none() -> None:
    with LocalAws() as aws:
        aws.deploy(ROOT / "template.yaml", "stepcast")
        functions = aws.client("lambda").list_functions()["Functions"]

    assert len(functions) == 12
    assert all("AWS_ENDPOINT_URL" not in function["Environment"]["Variables"] for function in functions)


def test_every_step_of_the_template_is_run_with_its_event(script: Any) -> None:
    names = {path.stem for path in (ROOT / "events").glob("*.json")} - {
        "env",
        "pull_prometheus",
        "pull_kafka",
    }

    assert {script.file_name(step) for step in script.STEPS} == names


@pytest.mark.parametrize(
    ("got", "alike"),
    [
        ({"run": "r"}, True),
        ({"run": "other"}, False),
        ({"errorType": "KeyError", "errorMessage": "x"}, False),
        (None, False),
    ],
)
def test_sams_answer_is_judged_by_what_it_says(script: Any, got: Any, alike: bool) -> None:
    assert script.same("Export", {"run": "r"}, got) is alike


def test_without_docker_it_says_what_to_install_and_fails(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, SCRIPT, tmp_path / "sam"],
        env={**os.environ, "PATH": str(tmp_path)},
        capture_output=True,
        text=True,
    )

    assert done.returncode == 1
    assert "apt-get install -y docker.io" in done.stderr
