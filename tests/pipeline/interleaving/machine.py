"""The state machine by its own definition, one state a call: whoever calls decides which run goes on."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

__all__ = ["Execution", "Killed", "Work", "go_on"]

DEFINITION = json.loads((Path(__file__).parents[3] / "statemachine/forecast.asl.json").read_text())
STATES: dict[str, dict[str, Any]] = DEFINITION["States"]
ENDED = ("SUCCEEDED", "FAILED")

Work = Callable[
    [str, dict[str, Any]], dict[str, Any]
]  # a function by its name in the template, and its event


class Killed(Exception):
    """A function was killed."""


@dataclass(frozen=True)
class Execution:
    """Where an execution stands, and what its next state is given."""

    arn: str
    started_at: datetime
    given: str
    data: str  # JSON, so that executions can be compared
    state: str = DEFINITION["StartAt"]
    status: str = "RUNNING"
    stopped: datetime | None = None


def go_on(execution: Execution, work: Work, shards: Callable[[str], list[Any]], now: datetime) -> Execution:
    """Do the state that the execution is in, whole, and go to the next one."""
    state, data = STATES[execution.state], json.loads(execution.data)
    kind = state["Type"]
    if kind == "Choice":
        taken = (choice["Next"] for choice in state["Choices"] if _holds(choice, data, execution))
        return replace(execution, state=next(taken, state["Default"]))
    if kind in ("Succeed", "Fail"):
        return replace(execution, status=ENDED[kind == "Fail"], stopped=now)
    if kind == "Wait":
        return replace(execution, state=state["Next"])
    try:
        if kind == "Map":
            _each(execution, state, data, work, shards)
            return _past_choices(replace(execution, state=state["Next"]), work, shards, now)
        answer = work(_function(state["Resource"]), _event(state, data, execution))
    except Killed:
        raise  # the state is tried again
    except Exception as error:
        caught = {"Error": type(error).__name__, "Cause": str(error)}
        for catch in state["Catch"]:
            if catch["ErrorEquals"] in (["States.ALL"], [caught["Error"]]):
                kept = _put(data, catch["ResultPath"], caught)
                return replace(execution, state=catch["Next"], data=json.dumps(kept))
        raise
    if "ResultSelector" in state:
        answer = _event({"Parameters": state["ResultSelector"]}, answer, execution)
    kept = _put(data, state.get("ResultPath", "$"), answer)
    return _past_choices(replace(execution, state=state["Next"], data=json.dumps(kept)), work, shards, now)


def _past_choices(
    execution: Execution, work: Work, shards: Callable[[str], list[Any]], now: datetime
) -> Execution:
    """These read nothing that another run changes: passed at once, which leaves fewer orders to try."""
    passed = execution.state in ("Engine", "Hierarchy")
    return go_on(execution, work, shards, now) if passed else execution


def _holds(choice: dict[str, Any], data: dict[str, Any], execution: Execution) -> bool:
    wanted = choice["BooleanEquals"] if "BooleanEquals" in choice else choice["StringEquals"]
    return bool(_value(choice["Variable"], data, execution) == wanted)


def _each(
    execution: Execution,
    state: dict[str, Any],
    data: dict[str, Any],
    work: Work,
    shards: Callable[[str], list[Any]],
) -> None:
    """The one state of a Map for every element of the list that lies in the bucket."""
    called = state["ItemReader"]["Parameters"]["Key.$"].removeprefix("States.Format('").removesuffix(")")
    form, *paths = called.replace("'", "").split(", ")
    (worker,) = state["ItemProcessor"]["States"].values()
    for item in shards(form.format(*(_value(path, data, execution) for path in paths))):
        event = {
            key.removesuffix(".$"): item["shard"] if path.startswith("$$") else _value(path, data, execution)
            for key, path in state["ItemSelector"].items()
        }
        work(_function(worker["Resource"]), event)


def _function(resource: str) -> str:
    return resource.removeprefix("${").removesuffix("FunctionArn}")


def _event(state: dict[str, Any], data: dict[str, Any], execution: Execution) -> dict[str, Any]:
    if "Parameters" not in state:
        return data
    return {
        key.removesuffix(".$"): _value(value, data, execution) if key.endswith(".$") else value
        for key, value in state["Parameters"].items()
    }


def _value(path: str, data: Any, execution: Execution) -> Any:
    if path == "$$.Execution.Id":
        return execution.arn
    for key in path.removeprefix("$.").split("."):
        data = data[key]
    return data


def _put(data: dict[str, Any], path: str | None, answer: Any) -> dict[str, Any]:
    if path is None:
        return data
    return dict(answer) if path == "$" else {**data, path.removeprefix("$."): answer}
