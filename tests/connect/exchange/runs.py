"""Finished runs of small panels, by the pipeline's own steps in this process."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import boto3
import numpy as np
import pytest

from stepcast.cli.kept_run import RUN, read_run
from stepcast.connect.finished_run import FinishedRun, find
from stepcast.pipeline import vintages
from tests.made_once import made_once
from tests.pipeline.given import MINIMAL, params_bytes
from tests.pipeline.mocked import mocked_aws
from tests.pipeline.steps.conftest import BUCKET, Account
from tests.pipeline.steps.whole_run import run_steps

__all__ = ["ITEMS", "SHORT", "explained", "finished", "rows"]


def explained(factory: pytest.TempPathFactory) -> Path:
    """The folder of an AutoPredictor's run of 20 items, their prices and their kinds."""
    datasets = [*MINIMAL["Datasets"], *FEATURES]
    return made_once(factory, "explained", lambda folder: _made(folder, datasets))


def _made(folder: Path, datasets: list[dict[str, Any]]) -> None:
    finished(folder, *rows(ITEMS), Datasets=datasets)


def finished(
    folder: Path, data: str, files: Mapping[str, str] = MappingProxyType({}), **changes: Any
) -> FinishedRun:
    """The run of ``data`` and of other ``files``, by key, kept in ``folder`` as ``stepcast run`` keeps it.

    ``changes`` are those of params_document.
    """
    with pytest.MonkeyPatch.context() as patch, mocked_aws():
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        s3 = boto3.client("s3")
        s3.create_bucket(Bucket=BUCKET)
        account = Account(s3)
        account.put("params.json", params_bytes(**changes))
        account.put("train/a.csv", data)
        for key, body in files.items():
            account.put(key, body)
        run = run_steps(account, data, **changes)
        written = vintages.find(s3, BUCKET, run.vintage)
        assert written is not None
        vintages.mark_published(s3, BUCKET, written[1])
        for key in account.keys():  # noqa: SIM118 - an account is no mapping
            path = folder / RUN / key
            path.parent.mkdir(parents=True, exist_ok=True)
            s3.download_file(BUCKET, key, str(path))
        s3.close()
    return find(read_run(folder), "")


ITEMS, DAYS, AHEAD = 20, 200, 7
SHORT = 6  # the item with 20 days of history: some features of the trees are missing
FEATURES = [
    {
        "DatasetName": "Prices",
        "Domain": "CUSTOM",
        "DatasetType": "RELATED_TIME_SERIES",
        "DataFrequency": "D",
        "Schema": {
            "Attributes": [
                {"AttributeName": "item_id", "AttributeType": "string"},
                {"AttributeName": "timestamp", "AttributeType": "timestamp"},
                {"AttributeName": "price", "AttributeType": "float"},
            ]
        },
    },
    {
        "DatasetName": "Kinds",
        "Domain": "CUSTOM",
        "DatasetType": "ITEM_METADATA",
        "Schema": {
            "Attributes": [
                {"AttributeName": "item_id", "AttributeType": "string"},
                {"AttributeName": "kind", "AttributeType": "string"},
            ]
        },
    },
]


def rows(count: int) -> tuple[str, dict[str, str]]:
    """Daily series with a week, a wandering level, and what their price and kind explain; and files of these.

    Every fourth falls below zero.
    """
    random = np.random.default_rng(0)
    moments = np.datetime64("2026-01-01") + np.arange(DAYS + AHEAD)
    lines, prices, kinds = [], [], []
    for number in range(count):
        name, kind = f"item {number}", number % 3
        level = 0.0 if number % 4 == 3 else random.uniform(20, 200)
        week = random.normal(size=7) * 3
        price = random.choice([0.0, 1.0, 3.0], DAYS + AHEAD)
        values = level + week[np.arange(DAYS) % 7] + np.cumsum(random.normal(size=DAYS) + (kind - 1) / 3) / 2
        values += random.normal(size=DAYS) - 2 * price[:DAYS]
        since = DAYS - 20 if number == SHORT else 0
        known = zip(moments[since:DAYS], values[since:], strict=True)
        lines += [f"{name},{day},{value:.3f}\n" for day, value in known]
        prices += [f"{name},{day},{one}\n" for day, one in zip(moments[since:], price[since:], strict=True)]
        kinds.append(f"{name},kind {kind}\n")
    return "".join(lines), {"related/a.csv": "".join(prices), "metadata/a.csv": "".join(kinds)}
