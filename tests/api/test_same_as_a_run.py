"""The same rows are forecast the same, bit for bit: as data frame, by the steps, on the command line."""

import json
import os
import subprocess
from pathlib import Path

import pandas as pd
import pytest

from stepcast import DataWarning, Forecaster
from stepcast.pipeline.steps.create_dataset import create_dataset
from stepcast.pipeline.steps.import_data import import_data
from tests.api.frames import frame_of
from tests.cli.processes import PATIENCE, command
from tests.pipeline.steps.conftest import Account
from tests.pipeline.steps.whole_run import rows_under, run_on

QUANTILES = ["p10", "p50", "p90"]
DATA = {
    "15min": (300, 8),
    "H": (200, 12),
    "6H": (90, 8),
    "D": (120, 14),
    "2D": (60, 5),
    "W": (110, 6),
    "2W": (50, 4),
    "M": (60, 12),
    "3M": (32, 4),
    "Y": (20, 3),
}


def csv_of(frame: pd.DataFrame, forecaster: Forecaster) -> str:
    form = {"yyyy-MM-dd": "%Y-%m-%d", "yyyy-MM-dd HH:mm:ss": "%Y-%m-%d %H:%M:%S"}
    stated = form[forecaster.params_["TimestampFormat"]]
    return frame.assign(timestamp=frame["timestamp"].dt.strftime(stated)).to_csv(index=False, header=False)


def fitted(frame: pd.DataFrame, horizon: int) -> Forecaster:
    with pytest.warns(DataWarning, match="same"):  # a row is there twice
        return Forecaster(horizon).fit(frame)


def as_rows(predicted: pd.DataFrame) -> list[tuple[str, ...]]:
    moments = predicted["timestamp"].dt.strftime("%Y-%m-%dT%H:%M:%SZ")
    numbers = (predicted[name].map(repr) for name in QUANTILES)
    return list(zip(predicted["item_id"], moments, *numbers, strict=True))


def from_raw(rows: list[dict[str, str]]) -> list[tuple[str, ...]]:
    return [(row["item_id"], row["date"], *(repr(float(row[name])) for name in QUANTILES)) for row in rows]


@pytest.mark.parametrize("freq", DATA)
def test_a_frame_is_forecast_as_the_steps_forecast_its_file(freq: str, account: Account) -> None:
    periods, horizon = DATA[freq]
    frame = frame_of(freq, periods, gaps=True)

    forecaster = fitted(frame, horizon)
    account.put("params.json", json.dumps(forecaster.params_))
    account.put("train/a.csv", csv_of(frame, forecaster))
    run_on(account, import_data(create_dataset(account.run(), s3=account.s3), s3=account.s3))

    assert forecaster.freq_ == freq
    assert as_rows(forecaster.predict()) == from_raw(
        rows_under(account, "forecast/2026-01-02T03-04-05Z/raw/")
    )


def test_a_frame_is_forecast_as_the_command_line_forecasts_its_file(tmp_path: Path) -> None:
    frame = frame_of("D", *DATA["D"][:1], gaps=True)
    forecaster = fitted(frame, 14)
    (tmp_path / "params.json").write_text(json.dumps(forecaster.params_))
    (tmp_path / "rows.csv").write_text(csv_of(frame, forecaster))

    subprocess.run(
        command(
            "run",
            "--params",
            tmp_path / "params.json",
            "--train",
            tmp_path / "rows.csv",
            "--out",
            tmp_path / "out",
        ),
        check=True,
        capture_output=True,
        timeout=PATIENCE,
        env={**os.environ, "XDG_STATE_HOME": str(tmp_path)},
    )

    (raw,) = (tmp_path / "out" / "raw").glob("*.csv")
    written = pd.read_csv(raw, dtype=str).to_dict("records")
    assert as_rows(forecaster.predict()) == from_raw(written)
    board = pd.read_csv(tmp_path / "out" / "leaderboard.csv")
    ours = forecaster.leaderboard()
    assert sorted(ours["score"]) == pytest.approx(sorted(board["score"]), abs=0)
