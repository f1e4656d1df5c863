"""The tutorial of docs/how-to/prometheus.md: train on two thirds, test on one, RMSE and a chart."""

import csv
import io
import json
import math
import re
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from localaws import LocalAws
from stepcast.charting.drawing import TEST, draw
from stepcast.cli.chart_data import chart_series
from stepcast.cli.query import ask
from stepcast.cli.stack import attach
from stepcast.connect.prometheus.source import SETTLED_AFTER, Wish, pull
from stepcast.connect.train_file import S3Object
from stepcast.pipeline import layout, objects
from tests.connect.prometheus.conftest import await_run
from tests.connect.prometheus.documented import METRIC, page_faults

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs/how-to/prometheus.md").read_text("utf-8")
TRAIN, TEST_POINTS = 96, 48


@pytest.mark.slow
def test_two_thirds_train_one_third_tests_by_rmse_and_a_chart_shows_both(tmp_path: Path) -> None:
    (params,) = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
    offset = json.loads(params)["Predictor"]["EvaluationParameters"]["BackTestWindowOffset"]
    assert offset / (TRAIN + TEST_POINTS) == pytest.approx(0.33, abs=0.01)

    with page_faults(tmp_path / "servers") as store, LocalAws() as aws:
        outputs = aws.deploy(ROOT / "template.yaml", "stepcast", {"SettleSeconds": "0"}).outputs
        bucket = outputs["BucketName"]
        s3 = aws.client("s3")
        s3.put_object(Bucket=bucket, Key=layout.PARAMS, Body=params)
        query = f"irate({METRIC}[5m])"
        assert query in PAGE
        while time.time() % 300 < SETTLED_AFTER:
            time.sleep(1)  # until the latest step is pulled, too: the hours have as many as the page says
        pull(store.client, Wish(query, "5min", since="12h"), S3Object(s3, bucket, "train/pagefaults.csv"))
        await_run(aws, outputs["StateMachineArn"])
        stack = attach(aws.endpoint)
        ((metric, score),) = ask(stack, "SELECT metric, score FROM leaderboard WHERE scope = 'item'").rows
        (charted,) = chart_series(stack, None, 1, backtest=True)
        train = objects.read(s3, bucket, "train/pagefaults.csv").decode()

    rows = list(csv.DictReader(io.StringIO(train)))
    assert len(rows) == TRAIN + TEST_POINTS
    (window,) = charted.tested
    assert str(window.moments[0]).replace("T", " ") == rows[TRAIN]["timestamp"]
    actual = [float(row["target_value"]) for row in rows[TRAIN:]]
    errors = [value - p50 for value, p50 in zip(actual, window.outputs["p50"], strict=True)]
    assert metric == "RMSE"
    assert score == pytest.approx(math.sqrt(sum(error**2 for error in errors) / TEST_POINTS))
    np.testing.assert_allclose(charted.history[-TEST_POINTS:], actual)
    assert len(charted.history) == TRAIN + TEST_POINTS
    assert len(charted.ahead) == TEST_POINTS

    draw([charted], tmp_path / "with.png")
    draw([replace(charted, tested=())], tmp_path / "without.png")
    assert greens(tmp_path / "with.png") > 100  # the line of the test
    assert greens(tmp_path / "without.png") == 0


def greens(picture: Path) -> int:
    """How many pixels have the colour of the backtest."""
    with Image.open(picture) as opened:
        pixels = np.asarray(opened.convert("RGB")).astype(int)
    wanted = [int(TEST[place : place + 2], 16) for place in (1, 3, 5)]
    return int((np.abs(pixels - wanted).max(axis=2) < 8).sum())
