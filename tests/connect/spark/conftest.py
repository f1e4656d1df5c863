"""One session of Spark for all tests of a file: starting one takes as long as most of them."""

import sys
from collections.abc import Iterator
from typing import Any

import pytest

from tests.connect.spark.sessions import environment, session
from tests.services import spark as service


@pytest.fixture(scope="session")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """On two cores; skips where Spark or Java is not here."""
    packages = service.packages()
    if not packages:
        pytest.skip("Spark is not here, or Java is not: scripts/services bring spark")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment().items():
            patch.setenv(name, value)
        patch.setattr(sys, "path", [*sys.path, packages])
        made = session("local[2]", tmp_path_factory.mktemp("spark"))
        try:
            yield made
        finally:
            made.stop()
