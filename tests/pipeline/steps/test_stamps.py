"""All that a run writes has the stamps that the rows have: it joins with ``train``."""

import pandas as pd

from stepcast.pipeline import vintages
from tests.pipeline.steps.conftest import BUCKET, Account
from tests.pipeline.steps.whole_run import rows_under, run_steps


def test_month_ends_stay_month_ends(account: Account) -> None:
    stamps = pd.date_range("2020-01-01", periods=51, freq="ME").strftime("%Y-%m-%d").tolist()
    data = "".join(f"lamp,{stamp},{10 + number % 12}\n" for number, stamp in enumerate(stamps[:48]))

    run = run_steps(
        account,
        data,
        Predictor__ForecastHorizon=3,
        Predictor__FeaturizationConfig={"ForecastFrequency": "M"},
        Datasets__0__DataFrequency="M",
    )

    vintage = f"forecast/{run.vintage}/"
    assert [row["timestamp"] for row in rows_under(account, f"{vintage}clean/")][:3] == stamps[48:]
    assert [row["date"] for row in rows_under(account, f"{vintage}raw/")] == [
        f"{stamp}T00:00:00Z" for stamp in stamps[48:]
    ]
    manifest = vintages.read(account.s3, BUCKET, run.vintage)
    assert manifest is not None
    assert (manifest.first[:10], manifest.last[:10]) == (stamps[48], stamps[50])
    backtest = rows_under(account, f"accuracy/{manifest.predictor}/forecasted-values/")
    assert [row["timestamp"][:10] for row in backtest] == stamps[45:48]
    assert {row["backtestwindow_start_time"][:10] for row in backtest} == {stamps[45]}
    assert {row["backtestwindow_end_time"][:10] for row in backtest} == {stamps[47]}
