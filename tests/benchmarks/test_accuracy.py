"""The accuracy benchmark takes any suite of its form, and one bad task does not hide the others."""

import sys
from pathlib import Path

import accuracy
import numpy as np
import pandas as pd
import pytest
from accuracy_suite import QUANTILES, SuiteTask, Window, frequency_of, load, score, task_of

from stepcast.engine.frequency import Frequency


@pytest.mark.parametrize(
    ("spelling", "frequency"),
    [
        ("5T", "5min"), ("5min", "5min"), ("15T", "15min"), ("60min", "H"), ("60S", "min"), ("H", "H"),
        ("h", "H"), ("4h", "4H"), ("D", "D"), ("24H", "D"), ("W-SUN", "W"), ("W", "W"), ("2W", "2W"),
        ("7D", "W"), ("M", "M"), ("MS", "M"), ("ME", "M"), ("Q", "3M"), ("QS-OCT", "3M"), ("3M", "3M"),
        ("A", "Y"), ("A-DEC", "Y"), ("YE", "Y"), ("Y", "Y"), ("12M", "Y"),
    ],
)  # fmt: skip
def test_pandas_spellings_are_read(spelling: str, frequency: str) -> None:
    assert frequency_of(spelling) == Frequency.parse(frequency)


def test_seconds_and_business_days_are_read_too() -> None:
    assert [frequency_of("10S"), frequency_of("10s"), frequency_of("B")] == [
        Frequency(10, "s"),
        Frequency(10, "s"),
        Frequency(1, "B"),
    ]


@pytest.mark.parametrize("text", ["", "fortnight", "H5", "-"])
def test_an_unknown_frequency_is_named(text: str) -> None:
    with pytest.raises(ValueError, match=f"frequency '{text}' is not known"):
        frequency_of(text)


def window(past: list[float], future: list[float]) -> Window:
    moments = np.arange(len(future)).astype("datetime64[M]").astype("datetime64[s]")
    return Window("a", 1, np.array(past), np.array(future), moments, 0)


def test_scores_leave_out_what_is_not_known() -> None:
    """Forecasts of 2 for 1 and of 2 for 2: at the median 2 * .5 * 1 / 3; one of two inside."""
    windows = [window([1.0, np.nan, 2.0, 4.0], [1.0, np.nan, 2.0])]
    values = np.full((1, 3, len(QUANTILES)), 2.0)

    found = score(windows, values, season=1)

    assert found.wql3 == pytest.approx((2 * 0.9 + 2 * 0.5 + 2 * 0.1) / 3 / 3)
    assert found.mase == pytest.approx(0.5 / 2.0)
    assert (found.inside, found.known) == (1, 2)


def test_what_has_no_scale_and_no_size_has_no_score() -> None:
    found = score([window([3.0], [0.0])], np.ones((1, 1, len(QUANTILES))), season=12)

    assert np.isnan([found.wql9, found.mase]).all()


def rows(item: str, values: list[float], frequency: str, end: str = "2024-01-01") -> pd.DataFrame:
    moments = pd.date_range(end=end, periods=len(values), freq=frequency)
    return pd.DataFrame({"item_id": item, "timestamp": moments, "target_value": values})


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    """Four tasks: odd months, seconds, business days and one whose file is absent; nothing published."""
    draw = np.random.default_rng(0)
    (tmp_path / "data").mkdir()
    months = [
        rows("short", [1.0, 2.0, 3.0, 4.0], "MS"),
        rows("too short", [1.0, 2.0], "MS"),
        rows("gaps", [*draw.normal(5, 1, 30), np.nan, np.nan, *draw.normal(5, 1, 10)], "MS"),
        rows("never", [np.nan] * 30, "MS"),
        rows("earlier", list(draw.normal(5, 1, 40)), "MS", end="2020-05-01"),
    ]
    pd.concat(months).to_parquet(tmp_path / "data/months.parquet", index=False)
    rows("s", list(draw.normal(5, 1, 900)), "10s").to_parquet(tmp_path / "data/seconds.parquet")
    rows("b", list(draw.normal(5, 1, 100)), "B").to_parquet(tmp_path / "data/business.parquet")
    listed = pd.DataFrame(
        [
            ("months", "data/months.parquet", "MS", 3, 12, 1, "pooled"),
            ("absent", "data/absent.parquet", "D", 3, 7, 1, "pooled"),
            ("seconds", "data/seconds.parquet", "10S", 5, 360, 2, "fevbench"),
            ("business", "data/business.parquet", "B", 5, 5, 1, "pooled"),
        ],
        columns=["name", "file", "frequency", "horizon", "season", "windows", "wql_def"],
    )
    listed.to_csv(tmp_path / "suite.csv", index=False)
    return tmp_path


def test_windows_without_a_past_are_left_out(suite: Path) -> None:
    task = SuiteTask("months", "data/months.parquet", Frequency.parse("M"), 3, 12, 2, True)

    windows = load(suite, task)

    assert [(one.item, one.number) for one in windows] == [
        ("short", 1), ("gaps", 2), ("gaps", 1), ("never", 2), ("never", 1), ("earlier", 2), ("earlier", 1)
    ]  # fmt: skip
    assert windows[0].past.tolist() == [1.0]
    assert windows[0].start == 12 * 53 + 10  # November 2023, the second of four months


def test_an_old_suite_without_columns_is_comparable() -> None:
    row = {"name": "a", "file": "f", "frequency": "D", "horizon": 2, "season": 7, "windows": 1}

    assert task_of(row).comparable


def test_a_bad_task_is_named_and_the_others_are_scored(
    suite: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["accuracy.py", "--data", str(suite), "--out", str(suite / "made")])

    assert accuracy.main() == 1

    printed = capsys.readouterr().out
    assert "absent: FAILED, FileNotFoundError" in printed
    assert "3 comparable tasks, AutoPredictor" in printed
    assert "FAILED: absent" in printed
    made = {path.stem: pd.read_parquet(path) for path in (suite / "made").iterdir()}
    assert {name: len(table) for name, table in made.items()} == {"months": 12, "seconds": 10, "business": 5}
    assert all(np.isfinite(table["0.5"]).all() for table in made.values())
