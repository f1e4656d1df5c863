"""A short form of ``make chaos``: the stack is killed while it works, and keeps its word."""

from pathlib import Path

import pytest

from tests.chaos.run import run


@pytest.mark.long
def test_nothing_acknowledged_is_lost_and_the_forecast_is_the_undisturbed_one(tmp_path: Path) -> None:
    report = run(tmp_path / "state", kills=4, seed=7)

    assert report.lost == []
    assert report.kills == 4
    assert report.drops >= 1
    assert report.acknowledged > 20
