"""The distribution brings what its code imports, and nothing of numerics."""

import ast
import re
import sys
import tomllib
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, packages_distributions, requires
from pathlib import Path

PACKAGE = Path(__file__).parents[2]
NUMERICS = {"numpy", "scipy", "pandas", "pyarrow", "numba", "statsmodels", "lightgbm"}
NUMERICS |= {"matplotlib", "awswrangler", "stepcast"}
# Of what moto[server] brings, as parts of what it hands to localaws.
OF_MOTO = {"botocore", "cryptography", "flask", "requests", "werkzeug"}
OF_PYTEST = {"pytest"}  # which is there whenever its plugin is loaded


def imported() -> set[str]:
    """The top-level modules that localaws imports, at the top of a file or within a function."""
    found: set[str] = set()
    for path in (PACKAGE / "src").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                found |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                found.add((node.module or "").partition(".")[0])
    return found - set(sys.stdlib_module_names) - {"localaws"}


def declared() -> set[str]:
    project = tomllib.loads((PACKAGE / "pyproject.toml").read_text())["project"]
    return {normal(requirement) for requirement in project["dependencies"]}


def normal(requirement: str) -> str:
    (name,) = re.findall(r"^[\w.-]+", requirement)
    return re.sub(r"[-_.]+", "-", name).lower()


def test_what_is_imported_is_declared() -> None:
    distributions = packages_distributions()
    needed = {
        normal(name)
        for module in imported() - OF_MOTO - OF_PYTEST
        for name in distributions.get(module, [module])
    }

    assert needed <= declared()


def test_nothing_of_numerics_is_needed() -> None:
    assert imported() & NUMERICS == set()
    seen: set[str] = set()
    todo = {"stepcast-localaws"}
    while todo:
        name = todo.pop()
        seen.add(name)
        with suppress(PackageNotFoundError):  # for another system or Python
            needed = requires(name) or ()
            todo |= {normal(one) for one in needed if "extra ==" not in one} - seen
    assert {"moto", "duckdb", "botocore"} <= seen
    assert seen & NUMERICS == set()
