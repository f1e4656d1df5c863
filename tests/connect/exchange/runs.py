"""Finished runs of small panels, by the pipeline's own steps in this process."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
import numpy as np
import pytest
from moto import mock_aws

from stepcast.connect.finished_run import FinishedRun, find
from stepcast.pipeline import vintages
from tests.pipeline.given import params_bytes
from tests.pipeline.steps.conftest import BUCKET, Account
from tests.pipeline.steps.whole_run import run_steps

__all__ = ["finished", "rows"]


@contextmanager
def finished(data: str, **changes: Any) -> Iterator[FinishedRun]:
    """The run of ``data``; ``changes`` are those of params_document."""
    with pytest.MonkeyPatch.context() as patch, mock_aws():
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        s3 = boto3.client("s3")
        s3.create_bucket(Bucket=BUCKET)
        account = Account(s3)
        account.put("params.json", params_bytes(**changes))
        account.put("train/a.csv", data)
        run = run_steps(account, data, **changes)
        written = vintages.find(s3, BUCKET, run.vintage)
        assert written is not None
        vintages.mark_published(s3, BUCKET, written[1])
        yield find(s3, BUCKET)
        s3.close()


def rows(count: int, days: int, seed: int = 0) -> str:
    """Daily series with a week, a wandering level and noise; every fourth falls below zero."""
    random = np.random.default_rng(seed)
    moments = np.datetime64("2026-01-01") + np.arange(days)
    lines = []
    for number in range(count):
        level = 0.0 if number % 4 == 3 else random.uniform(20, 200)
        week = random.normal(size=7) * 3
        values = level + week[np.arange(days) % 7] + np.cumsum(random.normal(size=days)) / 2
        values += random.normal(size=days)
        lines += [f"item {number},{day},{value:.3f}\n" for day, value in zip(moments, values, strict=True)]
    return "".join(lines)
