"""The example of docs/how-to/online.md runs as it stands."""

import re
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[3] / "docs" / "how-to" / "online.md"


def test_the_documented_example_runs(capsys: pytest.CaptureFixture[str]) -> None:
    (example,) = re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    names: dict[str, object] = {}

    exec(compile(example, str(PAGE), "exec"), names)  # noqa: S102 - the project's own page

    assert "[[" in capsys.readouterr().out
