"""When a new predictor is asked for, and what the state machine makes of that."""

from pathlib import Path

import pytest

from localaws import LocalAws
from stepcast.connect.kafka.worker.counts import Counts
from stepcast.connect.kafka.worker.report import PartitionReport
from stepcast.connect.kafka.worker.retraining import Policy, Retraining, reason_to_retrain

ROOT = Path(__file__).parents[4]
DAY = 86_400.0


def partition(items: int, drifting: int) -> PartitionReport:
    return PartitionReport(0, 0, 0, items, drifting, Counts())


@pytest.mark.parametrize(
    ("policy", "parts", "age", "reason"),
    [
        (Policy(drift=0.2), [(50, 9), (50, 11)], 0.0, "20 of 100 items drift"),
        (Policy(drift=0.2), [(50, 9), (50, 10)], 0.0, None),
        (Policy(drift=0.2), [(5, 5)], 0.0, None),  # of few items, a share says little
        (Policy(drift=0.2), [(6, 6)], 0.0, "6 of 6 items drift"),
        (Policy(age=7 * DAY), [], 7 * DAY, "the predictor is 7.0 days old"),
        (Policy(age=7 * DAY), [], 6 * DAY, None),
        (Policy(age=7 * DAY), [], None, None),
        (Policy(), [(100, 100)], 1e9, None),
    ],
)
def test_drift_and_age_are_reasons_where_the_policy_says_so(policy, parts, age, reason) -> None:
    assert reason_to_retrain(policy, [partition(*part) for part in parts], age) == reason


def test_the_state_machine_starts_nothing_where_there_is_nothing_to_train_on() -> None:
    with LocalAws() as aws:
        outputs = aws.deploy(ROOT / "template.yaml", "stepcast", {"SettleSeconds": "0"}).outputs
        states, machine = aws.client("stepfunctions"), outputs["StateMachineArn"]
        retraining = Retraining(aws.client("s3"), states, machine, outputs["BucketName"])

        started = retraining.ask()
        executions = states.list_executions(stateMachineArn=machine)["executions"]

    assert (started.outcome, executions) == ("waiting", [])
    assert not retraining.is_due  # for an hour
