"""The scripts of a page, one after another in one process, as in a notebook."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.cli.test_documented_lines import Reader

__all__ = ["prepared"]


@contextmanager
def prepared(page: Path, reader: "Reader") -> Iterator[None]:
    """Runs the scripts; the first forecast that they print is the page's, where it shows one."""
    text = page.read_text()
    printed = reader.printed("\n".join(re.findall(r"```python\n(.*?)```", text, re.DOTALL)))
    assert printed.startswith("".join(re.findall(r"```text\n(.*?)```", text, re.DOTALL)))
    yield
