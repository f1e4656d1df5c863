"""The API of the runs: executions of the state machine, their states, their logs."""

import json
import re
from datetime import UTC, datetime
from typing import Any

from stepcast.console.answers import Answer, Refusal, json_answer
from stepcast.console.clients import Clients
from stepcast.console.kept import Kept
from stepcast.console.log_lines import log_lines
from stepcast.console.requests import Request
from stepcast.console.stack import Stack
from stepcast.console.state_history import Visit, map_counts, visits
from stepcast.pipeline import layout, objects
from stepcast.pipeline.errors import ResourceNotFoundException
from stepcast.pipeline.problems import Report, grouped

__all__ = ["Runs"]

MOST_RUNS = 200
NAME = re.compile(r"[A-Za-z0-9_-]{1,80}")
SHOWN_PROBLEMS = 50
LAST_STATES = 1000  # of ended executions, remembered


class Runs:
    """The executions of one stack's state machine."""

    def __init__(self, stack: Stack, clients: Clients) -> None:
        self._stack, self._clients = stack, clients
        self._ended_in = Kept[str, str](LAST_STATES)

    def newest(self, request: Request) -> Answer:
        """The newest executions first."""
        limit = request.whole("limit", 50, MOST_RUNS)
        pages = self._stack.states.get_paginator("list_executions").paginate(
            stateMachineArn=self._stack.state_machine
        )
        rows = [row for page in pages for row in page["executions"]]
        rows.sort(key=lambda row: row["startDate"], reverse=True)
        return json_answer(
            {
                "total": len(rows),
                "now": datetime.now(UTC),
                "runs": [
                    {
                        "name": row["name"],
                        "status": self._status(row),
                        "started": row["startDate"],
                        "stopped": row.get("stopDate"),
                    }
                    for row in rows[:limit]
                ],
            }
        )

    def run(self, request: Request) -> Answer:
        """One execution: its machine, its states, why it failed, what was found in its input."""
        arn = self._arn(request)
        states = self._stack.states
        document = self._described(arn)
        machine = states.describe_state_machine_for_execution(executionArn=arn)
        found = visits(self._events(arn), document.get("stopDate"), lambda one: map_counts(states, one))
        status = document["status"]
        if status == "SUCCEEDED" and found and found[-1].state == "Superseded":
            status = "SUPERSEDED"
        run = document["name"].partition("-")[0]
        return json_answer(
            {
                "name": document["name"],
                "status": status,
                "started": document["startDate"],
                "stopped": document.get("stopDate"),
                "now": datetime.now(UTC),
                "input": document.get("input"),
                "output": document.get("output"),
                "error": document.get("error"),
                "cause": document.get("cause"),
                "definition": json.loads(machine["definition"]),
                "redrive": _redrive(document, found),
                "states": [_visit(visit) for visit in found],
                "report": self._report(run),
                "failure": self._text(layout.failure_report(run)) if status == "FAILED" else None,
            }
        )

    def log(self, request: Request) -> Answer:
        """What the functions of one state wrote while the execution was in it."""
        arn, wanted = self._arn(request), request.text("state")
        document = self._described(arn)
        found = [one for one in visits(self._events(arn), document.get("stopDate")) if one.state == wanted]
        if not found:
            raise Refusal(404, f"the run was never in a state called {wanted!r}")
        definition = json.loads(
            self._stack.states.describe_state_machine_for_execution(executionArn=arn)["definition"]
        )
        functions = sorted(set(_functions(definition["States"].get(wanted, {}))))
        until = max(visit.left or datetime.now(UTC) for visit in found)
        return json_answer(
            log_lines(self._clients["logs"], functions, found[0].entered, until, document["name"])
        )

    def start(self, request: Request) -> Answer:
        """Run the bucket's input again, if that can bring another result: what an upload does."""
        del request
        record = {
            "eventName": "ObjectCreated:Put",
            "eventTime": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "s3": {"bucket": {"name": self._stack.bucket}, "object": {"key": layout.PARAMS}},
        }
        answer = self._clients["lambda"].invoke(
            FunctionName=self._stack.function("StartExecution"), Payload=json.dumps({"Records": [record]})
        )
        told = json.loads(answer["Payload"].read())
        if answer.get("FunctionError"):
            raise Refusal(503, f"StartExecution failed: {told.get('errorMessage', told)}")
        name = (told.get("execution_arn") or "").rpartition(":")[2] or None
        return json_answer({"outcome": told["outcome"], "why": told["why"], "name": name})

    def redrive(self, request: Request) -> Answer:
        """Let an execution that stopped on its way go on from the state that it was in."""
        arn = self._arn(request)
        document = self._described(arn)
        redrive = _redrive(document, visits(self._events(arn), document.get("stopDate")))
        if not redrive["possible"]:
            raise Refusal(400, f"the run cannot go on: {redrive['why']}")
        self._stack.states.redrive_execution(executionArn=arn)
        return json_answer({"name": document["name"]})

    def vintage(self, name: str) -> str:
        """The vintage that the run of this name makes."""
        try:
            given = json.loads(self._described(self._named(name)).get("input") or "")
            return str(given["vintage"])
        except (ValueError, TypeError, KeyError):
            raise Refusal(404, f"run {name} was not started by an upload") from None

    def _status(self, row: dict[str, Any]) -> str:
        """Step Functions', or SUPERSEDED by newer input."""
        if row["status"] != "SUCCEEDED":
            return str(row["status"])
        last = self._ended_in.get(row["executionArn"], lambda: self._last_state(row["executionArn"]))
        return "SUPERSEDED" if last == "Superseded" else "SUCCEEDED"

    def _last_state(self, arn: str) -> str:
        page = self._stack.states.get_execution_history(executionArn=arn, reverseOrder=True, maxResults=5)
        entered = (event.get("stateEnteredEventDetails") for event in page["events"])
        return next((details["name"] for details in entered if details), "")

    def _arn(self, request: Request) -> str:
        return self._named(request.text("name"))

    def _named(self, name: str) -> str:
        if not NAME.fullmatch(name):
            raise Refusal(400, f"{name!r} is not the name of a run")
        return f"{self._stack.state_machine.replace(':stateMachine:', ':execution:')}:{name}"

    def _described(self, arn: str) -> dict[str, Any]:
        states = self._stack.states
        try:
            document: dict[str, Any] = states.describe_execution(executionArn=arn)
        except states.exceptions.ExecutionDoesNotExist:
            raise Refusal(404, f"there is no run {arn.rpartition(':')[2]!r}") from None
        return document

    def _events(self, arn: str) -> list[dict[str, Any]]:
        pages = self._stack.states.get_paginator("get_execution_history").paginate(
            executionArn=arn, PaginationConfig={"PageSize": 1000}
        )
        return [event for page in pages for event in page["events"]]

    def _report(self, run: str) -> dict[str, Any] | None:
        """What the run's validation found, problems of one kind together; None if it checked nothing."""
        text = self._text(layout.report(run, "json"))
        if text is None:
            return None
        report = Report.from_json(text)
        groups = grouped(report.problems)
        return {
            "errors": report.errors,
            "warnings": report.warnings,
            "notes": report.notes,
            "data": report.summary.facts() if report.summary is not None else [],
            "more": max(len(groups) - SHOWN_PROBLEMS, 0),
            "problems": [
                {
                    "rule": group.rule,
                    "severity": group.problems[0].severity,
                    "where": group.where,
                    "message": group.message,
                    "remedy": group.remedy,
                }
                for group in groups[:SHOWN_PROBLEMS]
            ],
        }

    def _text(self, key: str) -> str | None:
        try:
            return objects.read(self._stack.s3, self._stack.bucket, key).decode("utf-8", "replace")
        except ResourceNotFoundException:
            return None


def _redrive(document: dict[str, Any], found: list[Visit]) -> dict[str, Any]:
    """Whether the execution can go on from where it stopped, why not, and how often it has."""
    why = ""
    if document.get("redriveStatus") != "REDRIVABLE":
        why = document.get("redriveStatusReason") or f"it is {document['status'].lower()}"
    elif found and found[-1].kind == "Fail":
        # Step Functions would enter Fail again.
        why = "it ended as its state machine ends after an error, and its work files are removed: start again"
    return {"possible": not why, "why": why, "count": document.get("redriveCount", 0)}


def _visit(visit: Visit) -> dict[str, Any]:
    return {
        "state": visit.state,
        "kind": visit.kind,
        "status": visit.status,
        "entered": visit.entered,
        "left": visit.left,
        "attempts": visit.attempts,
        "errors": visit.errors,
        "done": visit.done,
        "total": visit.total,
        "failed": visit.failed,
        "input": visit.input,
        "output": visit.output,
    }


def _functions(state: dict[str, Any]) -> list[str]:
    """The names of the functions that a state invokes, also those inside a Map."""
    found = []
    if ":function:" in state.get("Resource", ""):
        found.append(state["Resource"].partition(":function:")[2].partition(":")[0])
    inner = state.get("ItemProcessor") or state.get("Iterator") or {}
    for one in inner.get("States", {}).values():
        found += _functions(one)
    return found
