"""A LocalAws for whoever asks for one."""

from collections.abc import Iterator

import pytest

from localaws import LocalAws

collect_ignore_glob = ["sample/*"]  # handlers, which find their packages in Lambda


@pytest.fixture
def aws() -> Iterator[LocalAws]:
    with LocalAws() as running:
        yield running
