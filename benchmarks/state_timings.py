"""Where a run's time goes: seconds by state, from dropping the files to the last state; and of all functions
the processor time, imports included.

    python benchmarks/state_timings.py [PARAMS CSV...]    default: the project's params.json and testing-data/
    python benchmarks/state_timings.py --no-preload       every function imports everything for itself
"""

import resource
import sys
import time
from pathlib import Path
from typing import Any

from localaws import LocalAws, Preload
from stepcast.cli.preloaded import PRELOADED
from stepcast.pipeline.run import fingerprint

ROOT = Path(__file__).parents[1]


def main(params: Path, files: list[Path], preload: Preload = PRELOADED) -> int:
    began = time.perf_counter()
    with LocalAws(port=0, preload=preload) as aws:
        outputs = aws.deploy(ROOT / "template.yaml", "stepcast", {"SettleSeconds": "0"}).outputs
        print(f"start and deploy: {time.perf_counter() - began:.1f} s")
        s3, states, bucket = aws.client("s3"), aws.client("stepfunctions"), outputs["BucketName"]
        for path in files:
            s3.upload_file(str(path), bucket, f"train/{path.name}")
        dropped = time.perf_counter()
        s3.upload_file(str(params), bucket, "params.json")
        arn = (
            outputs["StateMachineArn"].replace(":stateMachine:", ":execution:")
            + f":{fingerprint(s3, bucket)}"
        )
        status = wait(states, arn)
        print(f"from the last upload to {status}: {time.perf_counter() - dropped:.1f} s")
        report(states, arn)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(f"processor time of the functions: {used.ru_utime + used.ru_stime:.1f} s")
    return 0 if status == "SUCCEEDED" else 1


def wait(states: Any, arn: str) -> str:
    while True:
        try:
            status = str(states.describe_execution(executionArn=arn)["status"])
        except states.exceptions.ExecutionDoesNotExist:
            status = "RUNNING"
        if status != "RUNNING":
            return status
        time.sleep(0.1)


def report(states: Any, arn: str) -> None:
    pages = states.get_paginator("get_execution_history").paginate(executionArn=arn)
    events = [event for page in pages for event in page["events"]]
    entered: dict[str, Any] = {}
    for event in events:
        if details := event.get("stateEnteredEventDetails"):
            entered[details["name"]] = event["timestamp"]
        if details := event.get("stateExitedEventDetails"):
            seconds = (event["timestamp"] - entered[details["name"]]).total_seconds()
            print(f"  {details['name']:18} {seconds:6.2f} s")


if __name__ == "__main__":
    preload = Preload() if "--no-preload" in sys.argv else PRELOADED
    given = [Path(name) for name in sys.argv[1:] if name != "--no-preload"]
    params, files = given[:1] or [ROOT / "params.json"], given[1:]
    sys.exit(main(params[0], files or sorted(ROOT.glob("testing-data/train/*.csv")), preload))
