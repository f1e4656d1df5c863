"""One lake a module: a server and its warm workers serve all its tests."""

from collections.abc import Iterator

import pytest

from localaws import LocalAws
from tests.localaws.athena.lake import Lake


@pytest.fixture(scope="module")
def lake() -> Iterator[Lake]:
    with LocalAws() as aws:
        yield Lake(aws)
