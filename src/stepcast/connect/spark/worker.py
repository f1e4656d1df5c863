"""Answers the state machine's ForecastOnSpark: a worker of its activity.

``python -m stepcast.connect.spark.worker ARN``, on the driver of any Spark. Region, endpoint and credentials
are found as boto3 finds them.
"""

import argparse
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError
from pyspark.sql import SparkSession

from stepcast.connect.spark.failure import told
from stepcast.connect.spark.shard_steps import run_shards
from stepcast.pipeline import aws
from stepcast.pipeline.run import Run

__all__ = ["serve"]

POLL = 60  # seconds that GetActivityTask may take to answer
ALIVE = 60.0  # seconds between signs of life; the state waits for ten of them
GONE = ("TaskTimedOut", "TaskDoesNotExist", "InvalidToken")


def serve(
    states: Any,
    activity: str,
    work: Callable[[Run], None],
    ended: threading.Event | None = None,
) -> None:
    """Take the activity's tasks, one after another, until ``ended``.

    ``states``  a boto3 client for Step Functions that waits as long as GetActivityTask does.
    ``work``    is given the run of a task. Its errors are the task's: the run fails and tells them.
    """
    ended = ended or threading.Event()
    while not ended.is_set():
        task = states.get_activity_task(activityArn=activity, workerName="spark")
        if (token := task.get("taskToken")) is None:
            continue
        try:
            with _alive(states, token):
                work(Run.model_validate_json(task["input"]))
        except Exception as failure:  # whatever it is, the run must not wait for ever
            error, cause = told(failure)
            answer, what = states.send_task_failure, {"error": error, "cause": cause}
        else:
            answer, what = states.send_task_success, {"output": json.dumps({})}
        _is_awaited(answer, taskToken=token, **what)


def _is_awaited(call: Callable[..., object], **arguments: str) -> bool:
    """Whether the task's state still waits: the run may have been stopped, or another worker has the task."""
    try:
        call(**arguments)
    except ClientError as error:
        if error.response["Error"]["Code"] not in GONE:
            raise
        return False
    return True


@contextmanager
def _alive(states: Any, token: str) -> Iterator[None]:
    """Give signs of life meanwhile."""
    done = threading.Event()

    def beat() -> None:
        while not done.wait(ALIVE):
            if not _is_awaited(states.send_task_heartbeat, taskToken=token):
                return

    thread = threading.Thread(target=beat, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("activity", help="ARN of the stack's activity, its output SparkActivityArn")
    asked = parser.parse_args()
    states = boto3.client("stepfunctions", config=Config(read_timeout=POLL + 30))
    spark, s3 = SparkSession.builder.appName("stepcast").getOrCreate(), aws.client("s3")
    serve(states, asked.activity, lambda run: run_shards(spark, run, s3))


if __name__ == "__main__":
    main()
