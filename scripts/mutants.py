"""Break the ensemble on purpose, one place at a time, and count how often its tests notice: `make mutants`.

mutmut leaves decorated functions alone, and a compiled function is one. So it works on a copy in which
kernels are plain functions, as NUMBA_DISABLE_JIT makes them, and properties are methods that become
properties at the end of their module. Constants of modules and decorators are not mutated.
"""

import ast
import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[1]
COPY = ROOT / ".mutants"
MUTATED = ("src/stepcast/engine/auto/ensemble/*.py", "src/stepcast/engine/auto/sources/count*.py")
TESTS = ("tests/engine/auto/ensemble", "tests/engine/auto/sources")
KERNELS, PROPERTIES, MUTATED_AS_THEY_ARE = {"compiled"}, {"property", "cached_property"}, {"classmethod"}
LEAST = 80.0  # percent killed
SURVIVED, UNTESTED = (
    0,
    33,
)  # exit codes of mutmut's workers; anything else is a test that failed or never ended
CONFIGURATION = f"""
[tool.mutmut]
source_paths = ["src"]
only_mutate = {json.dumps(MUTATED)}
pytest_add_cli_args_test_selection = {json.dumps(TESTS)}
use_git_change_detection = false

[tool.pytest.ini_options]
pythonpath = ["."]
addopts = ["--strict-markers", "--import-mode=importlib", "-p", "no:cacheprovider"]
filterwarnings = ["error"]
"""


def main() -> None:
    """Mutate, test, print what survived and the score by module; fail below LEAST."""
    shutil.rmtree(COPY, ignore_errors=True)
    for folder in ("src/stepcast", "tests/engine"):
        shutil.copytree(ROOT / folder, COPY / folder, ignore=shutil.ignore_patterns("__pycache__"))
    for module in (path for pattern in MUTATED for path in COPY.glob(pattern)):
        module.write_text(plain(module.read_text()))
    (COPY / "pyproject.toml").write_text(CONFIGURATION)
    mutmut = str(Path(sys.executable).with_name("mutmut"))
    environment = {
        **os.environ,
        "NUMBA_DISABLE_JIT": "1",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
    }
    subprocess.run([mutmut, "run", "--max-children", "1"], cwd=COPY, env=environment, check=True)
    sys.exit(report())


def plain(source: str) -> str:
    """``source`` without the decorators for which mutmut would pass over a function."""
    lines, properties = source.splitlines(), []
    for parent in ast.walk(ast.parse(source)):
        for function in ast.iter_child_nodes(parent):
            if not isinstance(function, ast.FunctionDef):
                continue
            for decorator in function.decorator_list:
                name = ast.unparse(decorator)
                if name in MUTATED_AS_THEY_ARE:
                    continue
                if name in PROPERTIES and isinstance(parent, ast.ClassDef):
                    made = f"{parent.name}.{function.name}"
                    properties.append(f"{made} = property({made})")
                elif name not in KERNELS:
                    sys.exit(f"{function.name} is decorated by {name}: say in {__file__} how to do without")
                lines[decorator.lineno - 1] = ""
    return "\n".join([*lines, *properties, ""])


def report() -> str | None:
    """Print survivors and scores; what is wrong, if it is."""
    outcomes: Counter[tuple[str, bool]] = Counter()
    for path in sorted((COPY / "mutants").rglob("*.meta")):
        for mutant, code in json.loads(path.read_text())["exit_code_by_key"].items():
            killed = code not in (SURVIVED, UNTESTED, None)
            outcomes[path.name.removesuffix(".py.meta"), killed] += 1
            if not killed:
                print("survived:", mutant)
    print(f"\n{'module':<24}{'mutants':>8}{'killed':>8}{'percent':>9}")
    for module in sorted({module for module, _ in outcomes}):
        _line(module, outcomes[module, True], outcomes[module, False])
    killed, survived = (
        sum(outcomes[one] for one in outcomes if one[1] is wanted) for wanted in (True, False)
    )
    _line("all", killed, survived)
    print(f"\nTo see one: cd {COPY.name} && ../.venv-mutants/bin/mutmut show NAME")
    enough = killed >= LEAST / 100 * (killed + survived) > 0
    return (
        None
        if enough
        else f"fewer than {LEAST:.0f} % were killed: see the survivors above, and test what they break"
    )


def _line(module: str, killed: int, survived: int) -> None:
    print(f"{module:<24}{killed + survived:>8}{killed:>8}{100 * killed / (killed + survived):>9.1f}")


if __name__ == "__main__":
    main()
