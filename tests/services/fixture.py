"""A server for a test or a fixture; tests skip where it is not on this machine."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.services.server import Absent, Server, started
from tests.services.service import Service

__all__ = ["running"]


@contextmanager
def running(
    service: Service,
    folder: Path,
    files: Mapping[str, str] | None = None,
    arguments: tuple[str, ...] = (),
    port: int | None = None,
) -> Iterator[Server]:
    """As ``started``; skips, and says how to bring it, where the service is absent.

    For a fixture of any scope::

        @pytest.fixture(scope="module")
        def prometheus(tmp_path_factory):
            with running(prometheus.SERVICE, tmp_path_factory.mktemp("prometheus")) as server:
                yield server
    """
    if service.find() is None:
        pytest.skip(str(Absent(service.name)))
    with started(service, folder, files, arguments, port) as server:
        yield server
