"""What docs/how-to/kafka.md speaks of: a broker at port 9092, and the script that fills its topics."""

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tests.connect.kafka.conftest import rows
from tests.services import kafka, running

if TYPE_CHECKING:
    from tests.cli.test_documented_lines import Reader


@contextmanager
def prepared(page: Path, reader: "Reader") -> Iterator[None]:
    """The page's broker; once its lines have run, both groups have read the same."""
    (script,) = re.findall(r"```python\n(.*?)```", page.read_text("utf-8"), re.DOTALL)
    python = reader.folder / ".venv/bin/python"
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    python.chmod(0o755)
    with running(kafka.SERVICE, reader.folder / "broker") as server:
        reader.read_as["9092"] = str(server.port)
        (reader.folder / "fill.py").write_text(script.replace("9092", str(server.port)))
        yield
    first, second = (rows(reader.folder / name) for name in ("evaluation", "evaluation-2"))
    assert len(first) > 100
    assert first == second
    assert {row["timestamp"][:10] for row in first} == {"2025-06-28", "2025-06-29", "2025-06-30"}
