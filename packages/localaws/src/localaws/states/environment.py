"""The environment in which moto's interpreter evaluates the program of an execution."""

import json
from typing import Any

from moto.stepfunctions.parser.asl.eval.environment import Environment
from moto.stepfunctions.parser.asl.eval.evaluation_details import AWSExecutionDetails

from localaws.states.description import to_datetime
from localaws.states.place import Context, Place
from localaws.states.run import Run

__all__ = ["prepare"]


def prepare(run: Run) -> None:
    """Set ``run.env``, with the context object that the machine's program can read."""
    described = run.described
    _, _, _, region, account, _, machine_name, *_ = described.machine.split(":")
    execution: dict[str, Any] = {
        "Id": run.arn,
        "Input": json.loads(described.input),
        "Name": run.arn.rpartition(":")[2],
        "RoleArn": described.role,
        "StartTime": _iso(described.started),
        "RedriveCount": described.redrives,
    }
    if described.redriven:
        execution["RedriveTime"] = _iso(described.redriven)
    context: Any = {
        "Execution": execution,
        "StateMachine": {"Id": described.machine, "Name": machine_name},
    }
    kind: Any = "STANDARD"
    run.env = Environment(
        aws_execution_details=AWSExecutionDetails(account=account, region=region, role_arn=described.role),
        execution_type=kind,
        context=context,
        event_history_context=Context(Place(run)),
        cloud_watch_logging_session=None,
        activity_store={},
    )
    run.env.event_manager = run.recorder


def _iso(seconds: float) -> str:
    return to_datetime(seconds).isoformat(timespec="milliseconds").replace("+00:00", "Z")
