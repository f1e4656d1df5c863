"""The made-up suite has the form that the accuracy benchmark reads, and is the same every time."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import synthetic
from accuracy_suite import load, read_suite, task_of


@pytest.fixture(scope="module")
def suite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("synthetic")
    synthetic.write_suite(folder, list(synthetic.KINDS), seed=0)
    return folder


def test_every_task_can_be_read_and_has_a_past(suite: Path) -> None:
    rows, published = read_suite(suite)

    assert [row["name"] for row in rows] == list(synthetic.KINDS)
    assert published.empty
    for row in rows:
        task = task_of(row)
        windows = load(suite, task)
        assert len(windows) == row["n_series"] * task.windows
        assert all(len(window.past) >= 10 for window in windows)
        assert all(np.isfinite(window.future).any() for window in windows)


def test_a_task_does_not_depend_on_the_others(suite: Path, tmp_path: Path) -> None:
    synthetic.write_suite(tmp_path, ["car_parts"], seed=0)

    file = "data/car_parts.parquet"
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / file), pd.read_parquet(suite / file))


def test_car_parts_are_whole_and_mostly_zero(suite: Path) -> None:
    values = pd.read_parquet(suite / "data/car_parts.parquet")["target_value"].to_numpy()

    assert (values == np.rint(values)).all()
    assert 0.65 < (values == 0).mean() < 0.85
