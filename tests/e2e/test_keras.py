"""A Keras model through the whole pipeline: uploaded beside the data, trained and scored like the others."""

from tests.connect.keras.models import quantile_net
from tests.e2e.conftest import Stack, daily_sales
from tests.pipeline.given import params_bytes

MODEL = "models/net.keras"
PARAMS = params_bytes(
    Predictor__PerformAutoML=...,
    Predictor__AlgorithmArn="arn:aws:forecast:::algorithm/Keras",
    Predictor__TrainingParameters={"model": MODEL, "epochs": "1"},
)


def test_a_model_is_input_like_the_data_and_forecasts_them(stack: Stack) -> None:
    """It is uploaded last: the run of all three files is the one that its upload starts."""
    calendar = 7 + 2 + 6  # of a day: of the week, the month, the year
    net = quantile_net(14, 2, horizon=7, given=calendar)

    execution = stack.drop({"params.json": PARAMS, "train/sales.csv": daily_sales(days=120), MODEL: net})

    assert execution["status"] == "SUCCEEDED", execution
    (row,) = stack.sql("SELECT model, score FROM leaderboard WHERE scope = 'all'")
    assert row["model"] == "Keras"
    assert float(row["score"]) > 0
    counts = stack.sql("SELECT type, count(*) AS rows FROM forecast GROUP BY type")
    assert {row["type"]: row["rows"] for row in counts} == dict.fromkeys(("p10", "p50", "p90"), "14")
    files = stack.sql("SELECT file FROM lineage ORDER BY file")
    assert {row["file"] for row in files} == {"params.json", "train/sales.csv", MODEL}
