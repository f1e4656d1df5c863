"""What docs/how-to/stream.md speaks of: a broker where it says, and its scripts in the folder."""

import json
import re
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tests.services import kafka, running
from tests.stream_chaos.stream import read_all

if TYPE_CHECKING:
    from tests.cli.test_documented_lines import Reader


@contextmanager
def prepared(page: Path, reader: "Reader") -> Iterator[None]:
    """The page's broker for port 9092; once its lines have run, what they have written is looked at."""
    with running(kafka.SERVICE, reader.folder / "broker") as server:
        reader.read_as["9092"] = str(server.port)
        python = reader.folder / ".venv/bin/python"
        python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
        python.chmod(0o755)
        for script in re.findall(r"```python\n(.*?)```", page.read_text("utf-8"), re.DOTALL):
            name = script.split()[1]
            (reader.folder / name).write_text(script.replace("9092", str(server.port)), "utf-8")
        yield
        address = kafka.bootstrap(server)
        forecasts = [
            json.loads(value) for part in read_all(address, "household-forecasts") for _, value in part
        ]
        assert Counter(one["item_id"] for one in forecasts) == {"villa": 48, "studio": 48}
        assert set(forecasts[0]["forecast"][0]) == {"timestamp", "p10", "p50", "p90"}
        keys = [key for part in read_all(address, "test-set") for key, _ in part]
        predictions = read_all(address, "predictions")
        assert sum(map(len, predictions)) == 2 * len(keys)
        for topic in ("predictions", "learned"):
            found = [
                (key, json.loads(value)["prediction"] > 0.5)
                for part in read_all(address, topic)
                for key, value in part
            ]
            right = sum(int(key) == is_signal for key, is_signal in found)
            assert right > 0.7 * len(found)
