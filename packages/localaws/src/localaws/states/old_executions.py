"""Executions of a state of the first form: written as rows of the journal.

They were kept as moto's objects; those that ran were aborted at the next start, and are so here.
"""

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from localaws.durability.journal import Journal
from localaws.states.description import Description, definition_key
from localaws.states.replay import Event, event_key

__all__ = ["adopt"]

_ERROR, _CAUSE = "LocalAws.Stopped", "localaws stopped while the execution was running"
# It was not kept which program an event belongs to: a redrive of one of them begins at its first state.
_PLACE = "?"
_OF_THE_EVENT = {"id", "previousEventId", "type", "timestamp"}


def adopt(journal: Journal, executions: Iterable[Any]) -> None:
    """Write those that durability/old_snapshot.py has read."""
    for old in executions:
        described, definition = _described(old.fields)
        arn = str(old.fields["exec_arn"])
        journal.put("definition", described.definition, "", definition.encode())
        journal.put("execution", arn, "", described.encoded())
        for event in map(_event, old.history):
            journal.put("history", arn, event_key(event.id), event.encoded())
        for map_run in old.map_runs:
            row = {"described": map_run.description, "listed": map_run.item}
            journal.put("map_run", arn, map_run.arn, json.dumps(row, default=str).encode())


def _described(fields: dict[str, Any]) -> tuple[Description, str]:
    machine, status = (
        fields["state_machine"],
        str(getattr(fields["exec_status"], "value", fields["exec_status"])),
    )
    started, stopped = fields["start_date"].timestamp(), fields["stop_date"]
    described = Description(
        machine.arn,
        fields["role_arn"],
        definition_key(machine.definition),
        fields["execution_input"],
        started,
        status=status,
        stopped=stopped.timestamp() if stopped else started,
        output=json.dumps(fields["output"], separators=(",", ":"), default=str)
        if status == "SUCCEEDED"
        else None,
        error=fields["error"],
        cause=fields["cause"],
    )
    if status == "RUNNING":
        described.status, described.error, described.cause = "ABORTED", _ERROR, _CAUSE
    return described, machine.definition


def _event(old: dict[str, Any]) -> Event:
    at = old["timestamp"]
    return Event(
        old["id"],
        str(getattr(old["type"], "value", old["type"])),
        (datetime.fromisoformat(at) if isinstance(at, str) else at).timestamp(),
        old["previousEventId"],
        {name: value for name, value in old.items() if name not in _OF_THE_EVENT},
        _PLACE,
        None,
    )
