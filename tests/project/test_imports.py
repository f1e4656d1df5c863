"""What benchmarks, scripts and tests import of the project is there: nothing else looks at most of them."""

import ast
import importlib
import sys
from pathlib import Path

import pytest

from tests.services import spark

ROOT = Path(__file__).parents[2]
FOLDERS = ("benchmarks", "scripts", "testing-data", "tests", "packages/localaws/tests")
FILES = [path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*.py"))]

ABSENT = {
    "pyspark": "Spark is not here: scripts/services bring spark",
    "sktime": "sktime is not here: it needs pandas before 3.1, which is not locked",
}


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_what_is_imported_is_there(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [*sys.path, *filter(None, [spark.packages()])])
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] in {
            "stepcast",
            "localaws",
        }:
            try:
                module = importlib.import_module(node.module or "")
            except ModuleNotFoundError as error:
                if error.name not in ABSENT:
                    raise
                pytest.skip(ABSENT[error.name])
            for alias in node.names:
                if not hasattr(module, alias.name):
                    importlib.import_module(f"{node.module}.{alias.name}")
