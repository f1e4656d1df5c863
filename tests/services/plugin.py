"""For pytest: a test that fails shows the logs of the servers that ran meanwhile."""

from collections.abc import Generator

import pytest

from tests.services.server import LATELY

__all__ = ["pytest_runtest_makereport"]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.failed:
        for server in LATELY:
            title = f"log of {server.service.name} at {server.url}, in {server.folder}"
            report.sections.append((title, server.end_of_log))
    if report.when == "teardown":
        LATELY[:] = [server for server in LATELY if server.process.poll() is None]
    return report
