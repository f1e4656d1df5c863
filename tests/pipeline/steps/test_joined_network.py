"""A network beside the AutoPredictor through the pipeline's steps, and what reads such a predictor."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import stepcast
from stepcast.connect.errors import ConnectorError
from stepcast.connect.exchange.auto_models import ridge_model
from stepcast.connect.exchange.item import find_item
from stepcast.connect.finished_run import find
from stepcast.connect.kafka.worker import published
from stepcast.engine.joined.joining import Judge
from stepcast.pipeline import vintages
from tests.pipeline.steps.conftest import BUCKET, Account
from tests.pipeline.steps.whole_run import leaderboard, rows_under, run_steps

DAYS = 90


def sales() -> pd.DataFrame:
    random = np.random.default_rng(3)
    days = pd.date_range("2026-01-01", periods=DAYS)
    week = 100 + 20 * np.sin(np.arange(DAYS) * 2 * np.pi / 7)
    frames = [
        pd.DataFrame(
            {"item_id": f"item {number}", "timestamp": days, "target_value": np.round(week + noise, 3)}
        )
        for number, noise in enumerate(random.normal(size=(7, DAYS)))
    ]
    return pd.concat(frames)


def test_a_run_with_a_network_is_told_exported_and_not_streamed(
    account: Account, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(Judge, "helps", lambda *_: True)
    frame = sales()

    run = run_steps(
        account,
        frame.to_csv(index=False, header=False),
        Predictor__AutoMLNetwork="CNN-QR",
        Predictor__TrainingParameters={"epochs": "1"},
    )

    rows = [row for row in leaderboard(account) if row["scope"] == "item"]
    assert {row["model"] for row in rows} == {"AutoPredictor"}
    assert all(row["sources"].endswith("CNN-QR 0.25") for row in rows), rows[0]["sources"]

    mine = stepcast.Forecaster(7, network="CNN-QR", parameters={"epochs": 1}).fit(frame)
    assert mine.params_["Predictor"]["AutoMLNetwork"] == "CNN-QR"
    made = [row for row in rows_under(account, "forecast/") if "p50" in row]
    assert [float(row["p50"]) for row in made] == mine.predict()["p50"].tolist()
    assert mine.explain("item 0").sources[-1] == ("CNN-QR", 0.25)

    written = vintages.find(account.s3, BUCKET, run.vintage)
    assert written is not None
    vintages.mark_published(account.s3, BUCKET, written[1])
    item = find_item(find(account.s3, BUCKET), "item 0")
    with pytest.raises(ConnectorError, match="has no ridge: its series are too short or too few"):
        ridge_model(item)  # the ensemble could be read
    with pytest.raises(ConnectorError, match="CNN-QR, which cannot be updated value by value; remove AutoML"):
        published.fetch(account.s3, BUCKET, tmp_path)
