"""What docs/how-to/pmml.md speaks of: the results of a run, pypmml, and scripts that use the files."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tests.connect.exchange.runs import finished, rows
from tests.services import pmml

if TYPE_CHECKING:
    from tests.cli.test_documented_lines import Reader


@contextmanager
def prepared(page: Path, reader: "Reader") -> Iterator[None]:
    """A run that has an item called villa; once the page's lines have run, its scripts do."""
    data, _ = rows(10)
    finished(reader.folder / "forecasts", data.replace("item 0,", "villa,"))
    yield
    pypmml, runtime = re.findall(r"```python\n(.*?)```", page.read_text("utf-8"), re.DOTALL)
    assert "from" in reader.printed(runtime)
    if packages := pmml.packages():  # else there is no pypmml
        reader.environment["PYTHONPATH"] = os.pathsep.join([packages, os.environ.get("PYTHONPATH", "")])
        assert "with a newer value: {'mean': " in reader.printed(pypmml)
