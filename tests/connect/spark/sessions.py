"""Spark for tests: on two cores of this machine, on loopback only, with what a busy machine needs."""

import os
import sys
from pathlib import Path
from typing import Any

from tests.services import spark as service

__all__ = ["JAVA", "PATIENCE", "SETTINGS", "environment", "session"]

PATIENCE = 900  # seconds; a watchdog, not a measure
# Verifying the bytecode of Spark's thousands of classes is a fifth of what a start costs.
JAVA = (
    "-XX:+UseSerialGC -XX:TieredStopAtLevel=1 -XX:+UnlockDiagnosticVMOptions -XX:-BytecodeVerificationRemote"
)
SETTINGS = {
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.extraJavaOptions": JAVA,
    "spark.executor.extraJavaOptions": JAVA,
    "spark.executor.heartbeatInterval": "60s",  # a busy machine is no lost executor
    "spark.executor.memory": "512m",
    "spark.network.timeout": "900s",
    "spark.python.daemon.module": "stepcast.connect.spark.daemon",
    "spark.sql.adaptive.enabled": "false",  # small queries cost more to optimize and compile than to run
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",  # interpreted: what is asked once is not worth compiling
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.shuffle.partitions": "2",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
}


def environment() -> dict[str, str]:
    """What Spark and its Python workers need; none of it is a secret."""
    paths = filter(None, [service.packages(), os.environ.get("PYTHONPATH")])
    return {
        "PYTHONPATH": os.pathsep.join(paths),
        "PYSPARK_PYTHON": sys.executable,
        "SPARK_LOCAL_IP": "127.0.0.1",
        "OMP_NUM_THREADS": "1",
    }


def session(master: str, folder: Path) -> Any:
    """A session of its own virtual machine; what Spark keeps goes to ``folder``."""
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.master(master)
    for name, value in {
        **SETTINGS,
        "spark.local.dir": str(folder),
        "spark.sql.warehouse.dir": str(folder),
    }.items():
        builder = builder.config(name, value)
    made = builder.getOrCreate()
    made.sparkContext.setLogLevel("ERROR")
    return made
