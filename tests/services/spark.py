"""Spark with its Connect server, on top of the packages that tests run with; it needs Java 17 or later.

PyPI has pyspark as a source distribution of some 430 MB, which is pure Python and jars. ``start`` runs the
server that clients reach at ``sc://127.0.0.1:PORT``, with a cluster of its own; other tests start a session
in their own process.
"""

import os
import shutil
import sys
from pathlib import Path

from tests.services.packages import PyPI
from tests.services.packages.pypi import packages_of
from tests.services.server import accepts
from tests.services.service import Service, Start

__all__ = ["SERVICE", "packages"]

# Verifying the bytecode of Spark's thousands of classes is a fifth of what a start costs.
JAVA = (
    "-XX:+UseSerialGC -XX:TieredStopAtLevel=1 -XX:+UnlockDiagnosticVMOptions -XX:-BytecodeVerificationRemote"
)
SETTINGS = {
    "spark.connect.grpc.binding.address": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.host": "127.0.0.1",
    "spark.executor.extraJavaOptions": JAVA,
    "spark.executor.memory": "512m",
    "spark.python.daemon.module": "stepcast.connect.spark.daemon",
    "spark.sql.adaptive.enabled": "false",  # small queries cost more to optimize and compile than to run
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.shuffle.partitions": "2",
    "spark.sql.warehouse.dir": "warehouse",
    "spark.ui.enabled": "false",
}


def command(start: Start) -> list[str]:
    settings = {**SETTINGS, "spark.connect.grpc.binding.port": str(start.port)}
    return [
        "/usr/bin/env",
        f"PYSPARK_PYTHON={sys.executable}",  # of its workers, which find Stepcast there
        f"SPARK_HOME={_home(start.folder / 'home')}",
        f"PYTHONPATH={os.pathsep.join(filter(None, [packages(), os.environ.get('PYTHONPATH')]))}",
        str(start.executable),
        "--master=local-cluster[2,1,512]",  # two executors, processes of their own
        "--class=org.apache.spark.sql.connect.service.SparkConnectServer",
        f"--driver-java-options={JAVA}",
        *(f"--conf={name}={value}" for name, value in settings.items()),
        "spark-internal",
    ]


def _home(folder: Path) -> Path:
    """Spark's folder, of links: such a cluster writes below it."""
    if not folder.exists():  # else it is a restart
        folder.mkdir()
        for path in (Path(packages()) / "pyspark").iterdir():
            (folder / path.name).symlink_to(path)
    return folder


SERVICE = Service(
    name="spark",
    package=PyPI("pyspark[sql,ml,connect]>=4.1,<5", on_top=True),
    executables=("spark-submit",),
    command=command,
    is_ready=accepts,
    environment={"SPARK_LOCAL_IP": "127.0.0.1", "OMP_NUM_THREADS": "1"},
    memory=4096,
)


def packages() -> str:
    """The folder to put on PYTHONPATH for ``import pyspark``; empty where it or Java is not here."""
    here = SERVICE.version is not None and shutil.which("java") is not None
    return str(packages_of(SERVICE.folder)) if here else ""
