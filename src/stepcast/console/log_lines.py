"""Lines of functions' logs, in their parts."""

import json
from datetime import datetime, timedelta
from typing import Any

from stepcast.pipeline.log_fields import COMMON

__all__ = ["log_lines"]

MOST_LINES = 1000
LATE = timedelta(seconds=2)  # a line may be stored a little after its state was left


def log_lines(
    logs: Any, functions: list[str], since: datetime, until: datetime, execution: str = ""
) -> dict[str, Any]:
    """What ``functions`` wrote in that time, in order.

    With the name of an ``execution``, lines that say that they are of another run are left out.
    """
    run = execution.partition("-")[0]
    found: list[dict[str, Any]] = []
    cut = False
    for function in functions:
        pages = logs.get_paginator("filter_log_events").paginate(
            logGroupName=f"/aws/lambda/{function}",
            startTime=int(since.timestamp() * 1000),
            endTime=int((until + LATE).timestamp() * 1000),
            PaginationConfig={"MaxItems": MOST_LINES + 1},
        )
        try:
            events = [event for page in pages for event in page["events"]]
        except logs.exceptions.ResourceNotFoundException:
            continue  # it has not run yet
        cut |= len(events) > MOST_LINES
        for event in events[:MOST_LINES]:
            line = _line(event["message"])
            if line is not None and (not run or line["facts"].get("run", run) == run):
                found.append({"t": event["timestamp"], "function": function, **line})
    found.sort(key=lambda line: line["t"])
    return {"functions": functions, "lines": found, "cut": cut}


def _line(text: str) -> dict[str, Any] | None:
    """The parts of a line; None for those that only say that an invocation began or ended.

    >>> _line('{"level":"INFO","message":"imported","rows":12,"service":"stepcast"}')
    {'level': 'INFO', 'text': 'imported', 'facts': {'rows': 12}, 'trace': ''}
    >>> _line("START RequestId: 1") is None
    True
    """
    if text.startswith(("START RequestId: ", "END RequestId: ")):
        return None
    if text.startswith("REPORT RequestId: "):
        _, *figures = text.strip().split("\t")
        return {"level": "REPORT", "text": ", ".join(map(str.strip, figures)), "facts": {}, "trace": ""}
    try:
        told = json.loads(text)
    except ValueError:
        told = None
    if not isinstance(told, dict) or "message" not in told:
        return {"level": "", "text": text.replace("\xa0", " ").rstrip(), "facts": {}, "trace": ""}
    return {
        "level": str(told.get("level", "INFO")),
        "text": told["message"] if isinstance(told["message"], str) else json.dumps(told["message"]),
        "facts": {name: value for name, value in told.items() if name not in COMMON},
        "trace": str(told.get("exception", "")),
    }
