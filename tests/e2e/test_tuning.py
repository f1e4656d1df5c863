"""PerformHPO through the whole pipeline: trials in FitShared, a table of them, and parameters that are used."""

import json
from typing import Any

from tests.e2e.conftest import Stack, daily_sales
from tests.pipeline.given import params_bytes

ARN = "arn:aws:forecast:::algorithm/"


def tuned_params(algorithm: str, **changes: Any) -> bytes:
    return params_bytes(
        Predictor__PerformAutoML=...,
        Predictor__AlgorithmArn=ARN + algorithm,
        Predictor__PerformHPO=True,
        **changes,
    )


def test_the_best_parameters_are_used_and_every_trial_is_a_row(stack: Stack) -> None:
    params = tuned_params("NPTS", Predictor__EvaluationParameters={"NumberOfBacktestWindows": 2})
    execution = stack.drop({"params.json": params, "train/sales.csv": daily_sales(("lamp", "desk", "bed"))})
    assert execution["status"] == "SUCCEEDED", execution

    trials = stack.sql("SELECT * FROM tuning ORDER BY trial")
    assert [row["trial"] for row in trials] == [str(number) for number in range(20)]
    assert trials[0]["parameters"] == "{}"
    print(json.dumps(trials, indent=1))
    print(stack.sql("SELECT * FROM leaderboard WHERE scope = 'all'"))
    print(stack.sql("SELECT * FROM accuracy"))
