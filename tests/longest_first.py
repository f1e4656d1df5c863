"""For pytest-xdist with ``--dist loadfile``: the longest files begin first, and none runs alone at the end.

By itself it begins with the files of most tests, and a file of few long ones comes last. Folders of which all
files use one server go to one process, like a file.
"""

from pathlib import Path
from typing import Any

import pytest

__all__ = ["LONGEST", "pytest_collection_modifyitems", "pytest_configure", "pytest_xdist_make_scheduler"]

ROOT = Path(__file__).parents[1]
LOCALAWS = "packages/localaws/tests/localaws"
LONGEST = (  # by time, from 800 s to 20 s
    "tests/cli/test_documented_lines.py",
    "tests/pipeline/test_two_runs.py",
    "tests/connect/spark/test_stages.py",
    "tests/console/test_pages.py",
    "tests/connect/kafka/worker/test_stream.py",
    "tests/engine/neural/test_neural_algorithms.py",
    f"{LOCALAWS}/states/test_restarts.py",
    "tests/connect/spark/test_thin_client.py",
    "tests/cli/test_steps.py",
    "tests/cli/test_up.py",
    "tests/engine/models/test_fitting.py",
    "tests/engine/auto/test_predictor.py",
    f"{LOCALAWS}/test_cli.py",
    "tests/connect/mlflow/test_track.py",
    "tests/e2e/test_bad_input.py",
    "tests/cli/test_validate.py",
)
TOGETHER = ("tests/console/",)


def pytest_configure(config: pytest.Config) -> None:
    if hasattr(config.option, "loadscopereorder"):  # xdist is there
        config.option.loadscopereorder = False


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    place = {ROOT / file: number for number, file in enumerate(LONGEST)}
    items.sort(key=lambda item: place.get(item.path, len(place)))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    if config.getoption("dist") != "loadfile":
        return None
    from xdist.scheduler import LoadFileScheduling

    class ByServer(LoadFileScheduling):  # type: ignore[misc]
        def _split_scope(self, nodeid: str) -> str:
            file: str = super()._split_scope(nodeid)
            return next((folder for folder in TOGETHER if file.startswith(folder)), file)

    return ByServer(config, log)
