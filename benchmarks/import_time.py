"""What it costs to import each function of the layer, and `import boto3` alone.

    python benchmarks/import_time.py [--before REVISION] [--runs 15]

This is what Lambda does at a cold start before it calls the handler. Each figure is the median of fresh
interpreters, in milliseconds of processor time, with byte code at hand; those that import boto3 alone take
turns with the others. "from source" is without byte code of what the layer brings. ``--before`` also measures
the sources of another revision, with the same packages.
"""

import argparse
import io
import os
import statistics
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
LIGHT = ("start_execution", "create_dataset", "notify", "cleanup")  # those of template.yaml with Layers
MEASURE = """
import sys, time
began = time.process_time()
import {module}
print((time.process_time() - began) * 1000, len(sys.modules))
"""


def sources(revision: str, folder: Path) -> Path:
    """The sources of a revision, in ``folder``."""
    command = ["git", "archive", revision, "src", "functions"]
    archive = subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        tar.extractall(folder, filter="data")
    return folder


def imported(module: str, bytecode: Path, *path: Path, write: bool = True) -> tuple[float, int]:
    """The milliseconds that a fresh interpreter needs, and how many modules it has loaded then."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    environment |= {} if write else {"PYTHONDONTWRITEBYTECODE": "1"}
    environment |= {"PYTHONPATH": os.pathsep.join(map(str, path)), "PYTHONPYCACHEPREFIX": str(bytecode)}
    command = [sys.executable, "-c", MEASURE.format(module=module)]
    printed = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout
    milliseconds, modules = printed.split()
    return float(milliseconds), int(modules)


def report(checkout: Path, runs: int, bytecode: Path) -> None:
    print(f"{'function':16}{'ms':>8}{'boto3 ms':>10}{'of boto3':>10}{'modules':>9}{'from source, ms':>17}")
    of_boto3 = bytecode.with_name("bytecode-of-boto3")
    imported("boto3", of_boto3)
    for function in LIGHT:
        path = checkout / "functions" / function, checkout / "src"
        times: list[float] = []
        cold: list[float] = []
        alone: list[float] = []
        for _ in range(runs + 1):
            taken, modules = imported("app", bytecode, *path)
            times.append(taken)
            alone.append(imported("boto3", bytecode)[0])
            cold.append(imported("app", of_boto3, *path, write=False)[0])
        own, boto3 = statistics.median(times[1:]), statistics.median(alone[1:])  # the first compiles
        figures = f"{own:8.0f}{boto3:10.0f}{own / boto3:10.2f}{modules:9}{statistics.median(cold):17.0f}"
        print(f"{function:16}{figures}", flush=True)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    arguments.add_argument("--before", metavar="REVISION")
    arguments.add_argument("--runs", type=int, default=15)
    given = arguments.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        print(f"median of {given.runs} fresh interpreters, Python {sys.version.split()[0]}")
        if given.before:
            print(f"\n{given.before}")
            report(sources(given.before, Path(folder) / "before"), given.runs, Path(folder) / "bytecode")
            print("\nnow")
        report(ROOT, given.runs, Path(folder) / "bytecode")


if __name__ == "__main__":
    main()
