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
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
COPY = ROOT / ".mutants"
MUTATED = ("src/stepcast/engine/auto/ensemble/*.py", "src/stepcast/engine/auto/sources/count*.py")
TESTS = ("tests/engine/auto/ensemble", "tests/engine/auto/sources")
KERNELS, PROPERTIES, MUTATED_AS_THEY_ARE = {"compiled"}, {"property", "cached_property"}, {"classmethod"}
LEAST = 80.0  # percent noticed
# Exit codes of mutmut's workers; any other is that of a mutant that ran on and on and was ended.
SURVIVED, FAILED = (0, 5, 33, None), (1, 3)
CACHES = shutil.ignore_patterns("__pycache__")
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
    """Mutate, test, print what survived and the score by module; fail below LEAST.

    With ``--again`` only what survived the last time is tested, by the tests as they are now.
    """
    again = sys.argv[1:] == ["--again"]
    if not again:
        shutil.rmtree(COPY, ignore_errors=True)
        shutil.copytree(ROOT / "src/stepcast", COPY / "src/stepcast", ignore=CACHES)
        for module in (path for pattern in MUTATED for path in COPY.glob(pattern)):
            module.write_text(plain(module.read_text()))
        (COPY / "pyproject.toml").write_text(CONFIGURATION)
    shutil.copytree(ROOT / "tests/engine", COPY / "tests/engine", ignore=CACHES, dirs_exist_ok=True)
    mutmut = str(Path(sys.executable).with_name("mutmut"))
    survivors = [mutant for _, mutant, code in outcomes() if code in SURVIVED] if again else []
    environment = {
        **os.environ,
        "NUMBA_DISABLE_JIT": "1",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
    }
    subprocess.run([mutmut, "run", *survivors], cwd=COPY, env=environment, check=True)
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


def outcomes() -> Iterator[tuple[str, str, int | None]]:
    """Module, name and exit code of every mutant."""
    for path in sorted((COPY / "mutants").rglob("*.meta")):
        for mutant, code in json.loads(path.read_text())["exit_code_by_key"].items():
            yield path.name.removesuffix(".py.meta"), mutant, code


def report() -> str | None:
    """Print survivors and scores; what is wrong, if it is."""
    counts: dict[str, Counter[str]] = {}
    for module, mutant, code in outcomes():
        outcome = "survived" if code in SURVIVED else "killed" if code in FAILED else "endless"
        counts.setdefault(module, Counter())[outcome] += 1
        if outcome == "survived":
            print("survived:", mutant)
    counts["all"] = sum(counts.values(), Counter())
    print(f"\n{'module':<24}{'mutants':>8}{'killed':>8}{'endless':>8}{'survived':>9}{'percent':>9}")
    for module, found in counts.items():
        noticed = 100 * (1 - found["survived"] / found.total())
        cells = f"{found.total():>8}{found['killed']:>8}{found['endless']:>8}{found['survived']:>9}"
        print(f"{module:<24}{cells}{noticed:>9.1f}")
    print(f"\nTo see one: cd {COPY.name} && ../.venv-mutants/bin/mutmut show NAME")
    return (
        None if noticed >= LEAST else f"fewer than {LEAST:.0f} % were noticed: test what the survivors break"
    )


if __name__ == "__main__":
    main()
