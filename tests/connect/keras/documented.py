"""What docs/how-to/keras.md speaks of: its script, and a Python that has Keras."""

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.cli.test_documented_lines import Reader


@contextmanager
def prepared(page: Path, reader: "Reader") -> Iterator[None]:
    """The reader has saved the script; what it and the run have written is looked at afterwards."""
    if find_spec("keras") is None:
        pytest.skip("Keras is not here: pip install 'stepcast[keras]'")
    (script,) = re.findall(r"```python\n(.*?)```", page.read_text("utf-8"), re.DOTALL)
    (reader.folder / "lstm.py").write_text(script, "utf-8")
    python = reader.folder / ".venv/bin/python"
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    python.chmod(0o755)
    yield
    assert (reader.folder / "lstm.png").read_bytes().startswith(b"\x89PNG")
    (exported,) = (reader.folder / "forecasts-of-keras/raw").glob("*.csv")
    heading, row = exported.read_text().split()
    assert heading == "item_id,date,p10,p50,p90"
    assert row.startswith("flat,2025-07-01T00:00:00Z,")
