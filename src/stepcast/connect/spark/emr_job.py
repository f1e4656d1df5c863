"""The job that the state machine's ForecastOnEmrServerless runs: one run's shards, on the job's executors.

It is uploaded as ``spark/job.py`` of the bucket, and finds Stepcast in the environment that lies beside it.
Arguments: the run's bucket, name and vintage. A failure is noted in the bucket, where NotifyFailure reads it.
"""

import sys
from collections.abc import Callable, Sequence
from typing import Any

from pyspark.sql import SparkSession

from stepcast.connect.spark.failure import told
from stepcast.connect.spark.shard_steps import StepFailed, run_shards
from stepcast.pipeline import aws, failures
from stepcast.pipeline.run import Run

__all__ = ["perform"]

STATE = "ForecastOnEmrServerless"


def perform(run: Run, s3: Any, work: Callable[[Run], None]) -> int:
    """The exit code of the job that does this ``work``; 1 where it failed, which the bucket then says."""
    try:
        work(run)
    except StepFailed as error:  # which has left its own note
        print(error, file=sys.stderr)  # noqa: T201 - the job's log
        return 1
    except Exception as error:  # whatever it is, the run's message must say it
        failures.note(s3, run, STATE, *told(error))
        raise
    return 0


def main(arguments: Sequence[str]) -> int:
    bucket, name, vintage = arguments
    run, s3 = Run(bucket=bucket, run=name, vintage=vintage), aws.client("s3")
    spark = SparkSession.builder.appName("stepcast").getOrCreate()
    try:
        return perform(run, s3, lambda one: run_shards(spark, one, s3))
    finally:
        spark.stop()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
