"""What docs/how-to/mlflow.md speaks of: a server where it says, and MLflow among the reader's packages."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tests.connect.mlflow.conftest import environment
from tests.services import mlflow, running

if TYPE_CHECKING:
    from tests.cli.test_documented_lines import Reader


@contextmanager
def prepared(page: Path, reader: "Reader") -> Iterator[None]:
    """The page's server for port 5000; once its lines have run, its scripts do."""
    with running(mlflow.SERVICE, reader.folder / "server") as server:
        (reader.folder / ".venv/bin/mlflow").symlink_to(server.start.executable)
        reader.read_as["5000"] = str(server.port)
        reader.environment["PYTHONPATH"] = environment()["PYTHONPATH"]
        yield
        scripts = re.findall(r"```python\n(.*?)```", page.read_text("utf-8"), re.DOTALL)
        printed = [reader.printed(script) for script in scripts]
    assert len(printed) == 2
    assert len(printed[0].splitlines()) == 3  # a heading, and the two vintages that were tracked
    assert "p5" in printed[1]
    assert "24 rows" in printed[1] or printed[1].count("villa") >= 10
