"""What docs/how-to/spark.md speaks of: its script in one file, and a Python that has Spark."""

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.connect.spark.sessions import JAVA, SETTINGS, environment
from tests.services import spark as service

if TYPE_CHECKING:
    from tests.cli.test_documented_lines import Reader

# What is made for large clusters and long queries costs a small machine much.
QUICK = " ".join(
    f"--conf {name}={value}" for name, value in SETTINGS.items() if name.startswith(("spark.sql", "spark.py"))
)
QUICK += f" --driver-java-options '{JAVA}'"


@contextmanager
def prepared(page: Path, reader: "Reader") -> Iterator[None]:
    """The reader has saved the script, and looks at what it prints."""
    if not service.packages():
        pytest.skip("Spark is not here, or Java is not: scripts/services bring spark")
    blocks = re.findall(r"```python\n(.*?)```", page.read_text("utf-8"), re.DOTALL)
    (reader.folder / "tune.py").write_text("\n".join(blocks), "utf-8")
    python = reader.folder / ".venv/bin/python"
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@" >printed\n')
    python.chmod(0o755)
    reader.environment |= environment() | {"PYSPARK_SUBMIT_ARGS": f"{QUICK} pyspark-shell"}
    yield
    printed = (reader.folder / "printed").read_text()
    (auto, npts), (distance,) = (
        [float(one) for one in re.findall(r"\d\.\d+", line)] for line in printed.splitlines()[:2]
    )
    assert auto < npts
    assert 0 <= distance < 0.8
    assert re.search(r"\|shop 0\|2026-05-21 00:00:00\| *\d+\.", printed)
    assert re.search(r"\|shop 0\|AutoPredictor\| *0\.", printed)
    assert (reader.folder / "tuned/stages").is_dir()
