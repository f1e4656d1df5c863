"""What mutmut is given to mutate (scripts/mutants.py, `make mutants`)."""

import ast
import runpy
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCRIPT = runpy.run_path(str(ROOT / "scripts/mutants.py"))
SOURCE = """
@compiled
def kernel(x):
    return x + 1

class Window:
    @property
    def origin(self):
        return kernel(1)
"""


def test_kernels_and_properties_work_as_before_and_have_no_decorator() -> None:
    made = SCRIPT["plain"](SOURCE)

    assert "@" not in made
    assert len(made.splitlines()) == len(SOURCE.splitlines()) + 1
    found: dict = {}
    exec(made, found)  # noqa: S102 - it is the code above
    assert found["Window"]().origin == 2


def test_a_function_that_mutmut_would_pass_over_is_told() -> None:
    with pytest.raises(SystemExit, match="kernel is decorated by traced"):
        SCRIPT["plain"](SOURCE.replace("@compiled", "@traced"))


@pytest.mark.parametrize("pattern", SCRIPT["MUTATED"])
def test_no_function_of_the_ensemble_is_passed_over(pattern: str) -> None:
    modules = list(ROOT.glob(pattern))

    assert modules
    for module in modules:
        made = ast.walk(ast.parse(SCRIPT["plain"](module.read_text())))
        left = [one.decorator_list for one in made if isinstance(one, ast.FunctionDef) and one.decorator_list]
        assert all(ast.unparse(one) == "classmethod" for decorators in left for one in decorators)
