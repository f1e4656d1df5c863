"""Executions of localaws: latency, starts a second, memory.

``python -m benchmarks.executions [--durable] [--executions N]`` prints one JSON object: milliseconds from
StartExecution to SUCCEEDED of a Pass machine and of one with three Lambda tasks (as a client that polls sees
it), StartExecution calls a second from eight threads, and the server's resident memory (MiB) after the first
1,000 executions and after all. Client and server run in one process.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from localaws import LocalAws
from tests.localaws.functions import make_function

ROLE = "arn:aws:iam::123456789012:role/states"
PASS = {"StartAt": "Keep", "States": {"Keep": {"Type": "Pass", "End": True}}}


def resident_mib() -> float:
    """The process's resident memory now."""
    if sys.platform == "darwin":
        asked = subprocess.run(["ps", "-o", "rss=", "-p", str(os.getpid())], capture_output=True, check=True)
        return int(asked.stdout) / 1024
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 2**20


def three_tasks(function: str) -> dict[str, Any]:
    """A machine that calls ``function`` three times."""
    task = {"Type": "Task", "Resource": function}
    return {
        "StartAt": "One",
        "States": {
            "One": {**task, "Next": "Two"},
            "Two": {**task, "Next": "Three"},
            "Three": {**task, "End": True},
        },
    }


def timed(states: Any, machine: str, times: int) -> dict[str, float]:
    """Milliseconds until a client that asks every 2 ms sees SUCCEEDED."""
    took = []
    for _ in range(times):
        began = time.perf_counter()
        execution = states.start_execution(stateMachineArn=machine, input='{"a": 1}')["executionArn"]
        while (status := states.describe_execution(executionArn=execution)["status"]) == "RUNNING":
            time.sleep(0.002)
        assert status == "SUCCEEDED", status
        took.append(1000 * (time.perf_counter() - began))
    ordered = sorted(took)
    return {"p50": statistics.median(ordered), "p90": ordered[int(0.9 * len(ordered))]}


def measure(state: Path | None, executions: int) -> dict[str, Any]:
    """What the module's docstring says."""
    with LocalAws(state=state) as aws:
        states = aws.client("stepfunctions")

        def machine(name: str, definition: dict[str, Any]) -> str:
            made = states.create_state_machine(name=name, definition=json.dumps(definition), roleArn=ROLE)
            return str(made["stateMachineArn"])

        function = make_function(aws, "same", "def handler(event, context): return event")
        passing, tasks = machine("passing", PASS), machine("tasks", three_tasks(function))
        timed(states, tasks, 3)
        found: dict[str, Any] = {
            "pass_ms": timed(states, passing, 100),
            "three_tasks_ms": timed(states, tasks, 30),
        }
        began = time.perf_counter()
        with ThreadPoolExecutor(8) as threads:

            def start(number: int) -> None:
                states.start_execution(stateMachineArn=passing, name=f"n{number}")

            list(threads.map(start, range(1000)))
            found["starts_per_second"] = 1000 / (time.perf_counter() - began)
            settle(states, passing)
            found["mib_after_1000"] = resident_mib()
            list(threads.map(start, range(1000, executions)))
            settle(states, passing)
            found["mib_after_all"] = resident_mib()
        began = time.perf_counter()
        states.describe_execution(
            executionArn=states.start_execution(stateMachineArn=passing)["executionArn"]
        )
        found["start_and_describe_ms_after_all"] = 1000 * (time.perf_counter() - began)
        return found


def settle(states: Any, machine: str) -> None:
    """Wait until none runs."""
    while states.list_executions(stateMachineArn=machine, statusFilter="RUNNING", maxResults=1)["executions"]:
        time.sleep(0.05)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--durable", action="store_true", help="keep everything in a state folder")
    parser.add_argument("--executions", type=int, default=10_000)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        print(json.dumps(measure(Path(folder) if given.durable else None, given.executions), indent=2))
