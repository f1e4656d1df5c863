"""What is pulled from a real Prometheus is what was written into it."""

import csv
import math
from pathlib import Path

from stepcast.connect.prometheus.source import Pulled, Wish, pull
from stepcast.connect.train_file import LocalFile
from tests.connect.prometheus.conftest import Store

DAY = 86_400
NOW = 1_760_000_000 // DAY * DAY  # any midnight of the past: retention is ten years
STEP = 300


def pulled(store: Store, path: Path, query: str, *, now: float = NOW + 90, **wish: object) -> Pulled:
    return pull(store.client, Wish(query, **{"step": "5min", **wish}), LocalFile(path), now=now)  # type: ignore[arg-type]


def rows(path: Path) -> list[tuple[str, str, str]]:
    _, *found = csv.reader(path.read_text().splitlines())
    return [(item, when, value) for item, when, value in found]


def wave(start: int, end: int) -> list[tuple[float, float]]:
    return [(when, 100 + 50 * math.sin(2 * math.pi * when / DAY)) for when in range(start, end + 1, STEP)]


def test_sixty_days_by_five_minutes_are_pulled_as_they_were_written(store: Store, tmp_path: Path) -> None:
    """17,281 moments, more than a server gives at once, with a gap of seven hours."""
    written = wave(NOW - 60 * DAY, NOW)
    gap = range(NOW - 20 * DAY, NOW - 20 * DAY + 7 * 3600)
    written = [point for point in written if point[0] not in gap]
    store.write({"__name__": "long_gauge", "instance": "a:1", "job": "x"}, written)

    said = pulled(store, tmp_path / "x.csv", "long_gauge", since="60d")

    got = rows(tmp_path / "x.csv")
    values = {when: float(value) for _, when, value in got}
    assert said.rows == len(got) == len(values)
    assert values == values
