"""What the command line says before anything runs: help, usage errors, missing packages."""

import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from stepcast.cli.app import app

ROOT = Path(__file__).parents[2]
COMMANDS = ("run", "validate", "init", "up", "down", "invoke", "logs", "sql", "status", "chart", "lineage")


@pytest.fixture(autouse=True)
def nothing_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))


def stepcast(*arguments: str, text: str | None = None) -> Result:
    return CliRunner().invoke(app, arguments, input=text)


def test_help_lists_every_command() -> None:
    answer = stepcast("--help")

    assert answer.exit_code == 0
    assert all(f" {command} " in answer.output for command in COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command: str) -> None:
    answer = stepcast(command, "--help")

    assert answer.exit_code == 0
    assert "Usage:" in answer.output


def test_help_loads_nothing_heavy() -> None:
    script = (
        "import sys\nfrom stepcast.cli import main\nsys.argv = ['stepcast', '--help']\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "print(*{name.partition('.')[0] for name in sys.modules}, file=sys.stderr)"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    ).stderr.split()

    heavy = {
        "boto3",
        "botocore",
        "moto",
        "duckdb",
        "pandas",
        "numpy",
        "matplotlib",
        "pydantic",
        "awswrangler",
    }
    assert "typer" in loaded
    assert heavy.isdisjoint(loaded)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["run"], "--params"),
        (["run", "--params", "absent.json", "--train", "a.csv", "--out", "o"], "absent.json"),
        (["run", "--params", "params.json", "--train", "LICENSE", "--out", "o"], ".csv.gz"),
        (["up", "--port", "70000"], "65535"),
        (["invoke", "CreateDatasetFunction", "-e", "absent.json"], "absent.json"),
        (["invoke", "CreateDatasetFunction", "-e", "LICENSE"], "not JSON"),
        (["sql", "SELECT 1", "--json", "--csv"], "--json"),
        (["up", "--state", "a", "--ephemeral"], "mutually exclusive"),
        (["up", "--bucket", "My_Bucket"], "--bucket"),
        (["up", "--settle-seconds", "-1"], "--settle-seconds"),
        (["logs", "-f"], "name the function"),
        (["chart", "--out", "chart.gif"], "PNG"),
        (["report", "--out", "report.pdf"], ".html"),
        (["forecast"], "No such command"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else value,
)
def test_wrong_usage_exits_with_2(arguments: list[str], says: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)

    answer = stepcast(*arguments)

    assert answer.exit_code == 2
    assert says in answer.stderr
    assert answer.stdout == ""


@pytest.mark.parametrize("command", [["sql", "SELECT 1"], ["status"], ["chart"], ["report"], ["logs"]])
def test_commands_that_need_a_running_stack_say_how_to_start_one(command: list[str]) -> None:
    answer = stepcast(*command)

    assert answer.exit_code == 1
    assert answer.stdout == ""
    assert answer.stderr == (
        "stepcast: no stack is running: start one with `stepcast up` in another terminal\n"
    )


def test_the_version_is_printed() -> None:
    answer = stepcast("--version")

    assert (answer.exit_code, answer.stdout) == (0, f"stepcast {version('stepcast')}\n")


@pytest.mark.parametrize("command", [["invoke", "Export"], ["up", "--ephemeral", "--before", "Export"]])
def test_without_the_projects_input_it_is_said_at_once_what_is_missing(
    command: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in an installed package, which has the template and not testing-data/."""
    installed = tmp_path / "installed"
    installed.mkdir()
    for name in ("template.yaml", "statemachine", "events", "params.json"):
        (installed / name).symlink_to(ROOT / name)
    monkeypatch.chdir(tmp_path)

    answer = stepcast(*command, "--project", str(installed))

    assert answer.exit_code == 1
    assert answer.stderr.startswith("stepcast: this needs the sample input, but ")
    assert "start `stepcast up`, upload params.json and train/*.csv" in answer.stderr


def test_an_endpoint_where_nothing_answers_is_named() -> None:
    answer = stepcast("status", "--endpoint", "http://127.0.0.1:9")

    assert answer.exit_code == 1
    assert "no Stepcast stack responds at http://127.0.0.1:9" in answer.stderr


@pytest.mark.parametrize("missing", ["typer", "moto"])
def test_without_the_local_extra_it_says_what_to_install(missing: str) -> None:
    script = (
        f"import sys\nsys.modules['{missing}'] = None\nfrom stepcast.cli import main\n"
        "sys.argv = ['stepcast', 'up', '--port', '0']\nmain()"
    )
    answer = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)

    assert answer.returncode == 1
    assert 'pip install "stepcast[local]"' in answer.stderr
    assert "Traceback" not in answer.stderr
