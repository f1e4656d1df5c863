"""MinIO, a store with an S3 interface, built from its last published module: there are no binaries of it.

Its community edition ended in 2026. Who has a store of it keeps it, so what is said of it is tested.
"""

from tests.services.packages import GoModule
from tests.services.server import answers
from tests.services.service import Service, Start

__all__ = ["ACCESS_KEY", "SECRET", "SERVICE", "SETTINGS"]

ACCESS_KEY, SECRET = "admin", "secret-of-the-store"
SETTINGS = "settings"  # a file of NAME=value lines, read like environment variables


def command(start: Start) -> list[str]:
    return [str(start.executable), "server", "--address", start.address, "data"]


SERVICE = Service(
    name="minio",
    package=GoModule("github.com/minio/minio", "v0.0.0-20260212201848-7aac2a2c5b7c"),
    executables=("minio",),
    command=command,
    is_ready=answers("/minio/health/ready"),
    files={SETTINGS: ""},
    environment={
        "MINIO_CONFIG_ENV_FILE": SETTINGS,
        "MINIO_ROOT_USER": ACCESS_KEY,
        "MINIO_ROOT_PASSWORD": SECRET,
        "MINIO_BROWSER": "off",
        "MINIO_UPDATE": "off",
        "GOMEMLIMIT": "512MiB",
    },
    memory=1536,
    only_by_name=True,
)
