"""``--engine spark``: this process is the worker that the state ForecastOnSpark waits for."""

import os
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any
from urllib.parse import urlsplit

from botocore.exceptions import BotoCoreError, ClientError

from stepcast.cli.failure import Failure
from stepcast.cli.stack import Stack

__all__ = ["require_spark", "serving"]

# On this machine only: nothing listens for others, and Java compiles little, since it only passes bytes on.
LOCAL = {
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.extraJavaOptions": "-XX:+UseSerialGC -XX:TieredStopAtLevel=1",
    "spark.log.level": "ERROR",
    "spark.sql.adaptive.enabled": "false",
    "spark.sql.codegen.wholeStage": "false",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
}
ENVIRONMENT = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "POWERTOOLS_LOG_LEVEL": "WARNING",  # steps log each shard, to this terminal
    "PYSPARK_PYTHON": sys.executable,
    "SPARK_LOCAL_IP": "127.0.0.1",
}
CONNECT, CONNECT_PORT = "sc://", 15002
REACHED_WITHIN = 10.0  # seconds
FORKED = {"spark.python.daemon.module": "stepcast.connect.spark.daemon"}


def require_spark() -> None:
    """Failure where Spark is not installed."""
    if find_spec("pyspark") is None:
        raise Failure(
            "--engine spark requires the package pyspark, which is not installed: "
            'pip install "stepcast[spark]"'
        )


@contextmanager
def serving(stack: Stack, master: str, say: Callable[[str], None]) -> Iterator[None]:
    """Within this context, the stack's runs are trained and forecast by Spark.

    ``master``  local[*], spark://HOST:PORT, yarn, or sc://HOST:PORT of a Spark Connect server.

    Failure where Spark does not start, or does not answer.
    """
    from stepcast.connect.spark.shard_steps import run_shards
    from stepcast.connect.spark.worker import serve

    say(f"starting Spark at {master}")
    spark, ended = _session(master), threading.Event()

    def answer() -> None:
        states = stack.client("stepfunctions", patient=True)
        try:
            serve(
                states, stack.outputs["SparkActivityArn"], lambda run: run_shards(spark, run, stack.s3), ended
            )
        except (BotoCoreError, ClientError):
            if not ended.is_set():  # else the stack has stopped, as it should
                raise

    threading.Thread(target=answer, name="spark-worker", daemon=True).start()
    try:
        yield
    finally:
        ended.set()
        spark.stop()


def _session(master: str) -> Any:
    from pyspark.errors import PySparkException
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.appName("stepcast run")
    if master.startswith(CONNECT):
        _check_reachable(master)
        builder = builder.remote(master)
    else:
        builder = builder.master(master)
    if master.startswith("local"):
        for name, value in ENVIRONMENT.items():
            os.environ.setdefault(name, value)
        for name, value in {**LOCAL, **(FORKED if sys.platform == "linux" else {})}.items():
            builder = builder.config(name, value)
    try:
        spark = builder.getOrCreate()
        spark.range(1).count()  # a client connects when it is first used
    except (PySparkException, OSError, RuntimeError) as error:
        said = str(error).strip().partition("\n")[0]
        raise Failure(
            f"Spark did not start at --master {master}: {said}. It needs Java 17 or later"
        ) from None
    return spark


def _check_reachable(master: str) -> None:
    """Spark's own client tries for a quarter of an hour."""
    there = urlsplit(master)
    try:
        socket.create_connection((there.hostname or "", there.port or CONNECT_PORT), REACHED_WITHIN).close()
    except (OSError, ValueError) as error:
        raise Failure(
            f"no Spark Connect server answers at --master {master}: {error}. Start one there, or correct the "
            "address"
        ) from None
