"""What a run on Spark failed with, in the words of its message."""

from pyspark.errors import PySparkException

from stepcast.connect.spark.shard_steps import StepFailed

__all__ = ["told"]

LONGEST_CAUSE = 8_000  # characters; Step Functions' limit is 32,768 bytes
FAILED = "SparkFailed"


def told(error: Exception) -> tuple[str, str]:
    """The error's name and its cause: a step's own, or Spark's without Java's stack."""
    if isinstance(error, StepFailed):
        return error.name, error.cause[:LONGEST_CAUSE]
    said = str(error).partition("JVM stacktrace")[0].strip() if isinstance(error, PySparkException) else error
    return FAILED, f"{type(error).__name__}: {said}"[:LONGEST_CAUSE]
