"""Limits that one would not want to reach in earnest: a LocalAws with small ones."""

from collections.abc import Iterator
from functools import partial

import pytest

import localaws.athena
from localaws import LocalAws
from localaws.athena import install
from localaws.athena.worker.limits import Limits
from tests.localaws.athena.lake import BUCKET, Failed, Lake


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> Iterator[Lake]:
    limits = Limits(rows=10, seconds=2.0, memory=100 << 20, spill=1 << 20)
    monkeypatch.setattr(localaws.athena, "install", partial(install, limits=limits))
    with LocalAws() as aws:
        yield Lake(aws)


def test_what_goes_beyond_a_limit_fails_and_says_which(small: Lake) -> None:
    assert len(small.rows("SELECT x FROM UNNEST(sequence(1, 10)) AS t(x)")) == 10
    with pytest.raises(
        Failed, match=r"EXCEEDED_RESULT_LIMIT: .*more than 10 rows: add a LIMIT, or use UNLOAD"
    ):
        small.ask("SELECT x FROM UNNEST(sequence(1, 11)) AS t(x)")

    pairs = "UNNEST(sequence(1, 99999)) AS a(x) CROSS JOIN UNNEST(sequence(1, 99999)) AS b(y)"
    with pytest.raises(Failed, match="EXCEEDED_TIME_LIMIT: Query exceeded the maximum run time limit of 2s"):
        small.ask(
            f"SELECT count(*) FROM {pairs} CROSS JOIN UNNEST(sequence(1, 99999)) AS c(z) WHERE x * y = z"
        )
    with pytest.raises(Failed, match="EXCEEDED_LOCAL_MEMORY_LIMIT"):
        small.ask(f"SELECT array_agg(x * y ORDER BY x * y) FROM {pairs}")

    assert small.rows("SELECT 1") == [["1"]]


def test_rows_beyond_the_limit_may_be_unloaded(small: Lake) -> None:
    where = f"TO 's3://{BUCKET}/many/' WITH (format = 'PARQUET')"
    answer = small.ask(f"UNLOAD (SELECT x FROM UNNEST(sequence(1, 1000)) AS t(x)) {where}")

    assert answer.update_count == 1000
