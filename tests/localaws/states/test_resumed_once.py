"""What a request sets off while the server starts is none of what the restart goes on with."""

import json
import threading
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from localaws import LocalAws
from localaws.aws_session import make_client
from localaws.states.executions import Executions
from tests.localaws.waiting import eventually

REST = {
    "StartAt": "Rest",
    "States": {"Rest": {"Type": "Wait", "Seconds": 1, "Next": "Done"}, "Done": {"Type": "Succeed"}},
}
BEFORE_THE_RESUME = 1.5  # seconds: enough for a request, if it is answered


def test_an_execution_started_at_once_runs_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    role = "arn:aws:iam::123456789012:role/states"
    with LocalAws(state=tmp_path / "state") as aws:
        port = int(aws.endpoint.rpartition(":")[2])
        made = aws.client("stepfunctions").create_state_machine(
            name="rest", definition=json.dumps(REST), roleArn=role
        )
    started: list[str] = []

    def start() -> None:
        states = make_client("stepfunctions", f"http://127.0.0.1:{port}", "us-east-1")
        started.append(states.start_execution(stateMachineArn=made["stateMachineArn"])["executionArn"])

    client = threading.Thread(target=start)
    resume = Executions.resume

    def resume_late(self: Executions) -> None:
        client.start()
        client.join(BEFORE_THE_RESUME)
        resume(self)

    monkeypatch.setattr(Executions, "resume", resume_late)
    with LocalAws(port=port, state=tmp_path / "state") as aws:
        client.join()
        states = aws.client("stepfunctions")

        def ended() -> Any:
            described = states.describe_execution(executionArn=started[0])
            return described if described["status"] != "RUNNING" else None

        assert eventually(ended, "the end")["status"] == "SUCCEEDED"
        events = states.get_execution_history(executionArn=started[0])["events"]
    kinds = Counter(event["type"] for event in events)
    assert (kinds["ExecutionStarted"], kinds["WaitStateEntered"], kinds["ExecutionSucceeded"]) == (1, 1, 1)
