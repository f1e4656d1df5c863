"""Handlers are thin, and the light ones need nothing heavy."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FUNCTIONS = sorted(path.parent.name for path in (ROOT / "functions").glob("*/app.py"))
LIGHT = ("start_execution", "create_dataset", "notify", "cleanup", "pull_prometheus")
HEAVY = (
    "numpy",
    "pandas",
    "scipy",
    "statsmodels",
    "pyarrow",
    "awswrangler",
    "moto",
    "duckdb",
    "matplotlib",
    "typer",
)


@pytest.mark.parametrize("function", LIGHT)
def test_a_light_function_imports_without_the_extras(function: str) -> None:
    block = f"import sys; sys.modules.update(dict.fromkeys({HEAVY!r}))"
    code = f"{block}; sys.path.insert(0, '.'); import functions.{function}.app"
    answer = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert answer.returncode == 0, answer.stderr


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_handler_has_no_branch_and_no_loop(function: str) -> None:
    tree = ast.parse((ROOT / "functions" / function / "app.py").read_text())
    branches = (ast.If, ast.For, ast.While, ast.Try, ast.Match, ast.IfExp, ast.BoolOp)

    assert [type(node).__name__ for node in ast.walk(tree) if isinstance(node, branches)] == []


@pytest.mark.parametrize("function", FUNCTIONS)
def test_one_name_runs_through_template_step_and_event(function: str) -> None:
    title = "".join(part.capitalize() for part in function.split("_"))
    (step,) = [
        *(ROOT / "src/stepcast/pipeline/steps").glob(f"{function}.py"),
        *(ROOT / "src/stepcast/connect").glob(f"*/{function}.py"),
    ]

    assert f"  {title}Function:\n" in (ROOT / "template.yaml").read_text()
    assert f"def {function}(" in step.read_text()
    assert (ROOT / "events" / f"{function}.json").exists()
