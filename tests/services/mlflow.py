"""MLflow's tracking server and registry, on top of the packages that tests run with."""

from tests.services.packages import PyPI
from tests.services.packages.pypi import packages_of
from tests.services.server import answers
from tests.services.service import Service, Start

__all__ = ["SERVICE", "packages"]


def command(start: Start) -> list[str]:
    return [
        str(start.executable),
        "server",
        "--host=127.0.0.1",
        f"--port={start.port}",
        "--workers=1",
        "--backend-store-uri=sqlite:///mlflow.db",
        "--artifacts-destination=artifacts",
    ]


SERVICE = Service(
    name="mlflow",
    package=PyPI("mlflow>=3.17,<3.18", on_top=True),
    executables=("mlflow",),
    command=command,
    is_ready=answers("/health"),
    # Without its jobs, for which seven processes more import all of MLflow.
    environment={"MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"},
    memory=2048,
)


def packages() -> str:
    """The folder to put on PYTHONPATH for ``import mlflow``; empty where nothing was brought."""
    return str(packages_of(SERVICE.folder)) if SERVICE.version is not None else ""
