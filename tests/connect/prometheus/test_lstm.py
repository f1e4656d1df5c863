"""docs/how-to/lstm.md: an LSTM on nine days of a real Prometheus's metric, against its last value."""

import math
import os
import random
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.connect.prometheus.conftest import Store

PAGE = (Path(__file__).parents[3] / "docs/how-to/lstm.md").read_text("utf-8")
DAY = 86_400


def a_counter(start: int, end: int) -> list[tuple[float, float]]:
    """A sample every ten minutes of some 2,700 page faults a second, in daily waves, with noise."""
    noise, total, level = random.Random(7), 0.0, 0.0  # noqa: S311 - repeatable, no secret
    points = []
    for when in range(start, end, 600):
        if when % 3600 == 0:
            level = noise.gauss(0, 150)
        wave = 900 * math.sin(2 * math.pi * when / DAY) + 400 * math.sin(4 * math.pi * when / DAY)
        total += 600 * max(0.0, 2700 + wave + level)
        points.append((float(when), total))
    return points


@pytest.mark.long
def test_two_seasons_of_context_beat_the_last_value(tmp_path: Path, store: Store) -> None:
    now = int(time.time()) // 600 * 600
    store.write({"__name__": "node_vmstat_pgfault", "instance": "long"}, a_counter(now - 10 * DAY, now))
    (lines,) = re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
    (script,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    pull, run = lines.strip().splitlines()
    assert run == "python lstm.py"
    pull = pull.replace("http://127.0.0.1:9090", store.url).replace("pgfault[", 'pgfault{instance="long"}[')
    (tmp_path / "lstm.py").write_text(script)

    stepcast = f'"{sys.executable}" -c "from stepcast.cli import main; main()"'
    done = subprocess.run(
        ["bash", "-ec", f'{pull.replace("stepcast", stepcast, 1)}\n"{sys.executable}" lstm.py'],
        cwd=tmp_path,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    found = re.findall(r"^(.*?) +(?:train.*)?test RMSE +([\d.]+)$", done.stdout, re.MULTILINE)
    errors = {what: float(rmse) for what, rmse in found}
    assert list(errors) == ["last value", "LSTM, look_back  1", "LSTM, look_back 48"], done.stdout
    assert errors["LSTM, look_back 48"] < errors["last value"], done.stdout
    assert (tmp_path / "lstm.png").stat().st_size > 10_000
