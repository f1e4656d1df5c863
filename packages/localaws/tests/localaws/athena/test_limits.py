"""Limits that one would not want to reach in earnest: a LocalAws with small ones."""

import base64
import json
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

    pairs = "UNNEST(sequence(1, 9999)) AS a(x) CROSS JOIN UNNEST(sequence(1, 9999)) AS b(y)"
    with pytest.raises(Failed, match="EXCEEDED_TIME_LIMIT: Query exceeded the maximum run time limit of 2s"):
        small.ask(
            f"SELECT count(*) FROM {pairs} CROSS JOIN UNNEST(sequence(1, 9999)) AS c(z) WHERE x * y + z < 0"
        )
    with pytest.raises(Failed, match="EXCEEDED_LOCAL_MEMORY_LIMIT"):
        small.ask(f"SELECT array_agg(x * y ORDER BY x * y) FROM {pairs}")

    assert small.rows("SELECT 1") == [["1"]]


ENDLESS = {
    "cross join": ("SELECT a.x, b.y FROM {big} AS a(x) CROSS JOIN {big} AS b(y) ORDER BY 1", "EXCEEDED_"),
    "one long text": (
        "SELECT length(lpad('a', 2000000000, 'b'))",
        "EXCEEDED_LOCAL_MEMORY_LIMIT: Query exceeded",
    ),
    "many long texts": (
        "SELECT array_agg(lpad('a', x * 1000, 'b')) FROM {big} AS a(x)",
        "EXCEEDED_",
    ),
    "recursion": (
        "WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t) SELECT n FROM t",
        "NOT_SUPPORTED: Recursion depth limit exceeded",
    ),
    "lists within lists": (
        "SELECT transform(sequence(1, 10000), x -> transform(sequence(1, 10000), y -> lpad('a', 999, 'b')))",
        "EXCEEDED_",
    ),
    "text that doubles": (
        "SELECT length(reduce(sequence(1, 60), 'x', (s, x) -> s || s, s -> s))",
        "EXCEEDED_",
    ),
}


@pytest.mark.parametrize("name", ENDLESS)
def test_a_query_without_end_is_ended_and_harms_no_other(small: Lake, name: str) -> None:
    sql, expected = ENDLESS[name]
    endless = small.start(sql.format(big="UNNEST(sequence(1, 9999))"))

    assert small.rows("SELECT sum(x) FROM UNNEST(sequence(1, 10)) AS t(x)") == [["55"]]
    ended = small.wait(endless)["Status"]
    assert ended["State"] == "FAILED"
    assert ended["StateChangeReason"].startswith(expected)
    assert "DuckDB" not in ended["StateChangeReason"]
    assert small.rows("SELECT 1") == [["1"]]


def test_a_file_that_is_too_large_fails_the_query(monkeypatch: pytest.MonkeyPatch) -> None:
    limits = Limits(result=1 << 20)
    monkeypatch.setattr(localaws.athena, "install", partial(install, limits=limits))
    with LocalAws() as aws, pytest.raises(Failed, match="EXCEEDED_RESULT_LIMIT: The output of the query"):
        Lake(aws).ask("SELECT lpad('a', 999, 'b') FROM UNNEST(sequence(1, 9999)) AS t(x)")


def test_views_that_double_are_refused_not_fatal(small: Lake) -> None:
    small.glue.create_database(DatabaseInput={"Name": "default"})
    small.ask("CREATE VIEW v0 AS SELECT 1 AS x")
    for level in range(1, 19):
        text = f"SELECT a.x FROM v{level - 1} AS a CROSS JOIN v{level - 1} AS b"
        if level < 10:
            small.ask(f"CREATE VIEW v{level} AS {text}")
        else:  # Glue's own, without the check that CREATE VIEW makes
            view = small.glue.get_table(DatabaseName="default", Name="v9")["Table"]
            original = json.loads(base64.b64decode(view["ViewOriginalText"][16:-3]))
            original["originalSql"] = text
            encoded = base64.b64encode(json.dumps(original).encode()).decode()
            kept = {key: view[key] for key in ("TableType", "StorageDescriptor", "Parameters")}
            kept |= {"Name": f"v{level}", "ViewOriginalText": f"/* Presto View: {encoded} */"}
            small.glue.create_table(DatabaseName="default", TableInput=kept)

    with pytest.raises(Failed, match="statement is too large"):
        small.ask("SELECT * FROM v18")


def test_casts_within_casts_are_refused_not_fatal(small: Lake) -> None:
    sql = "1"
    for _ in range(40):
        sql = f"CAST(CAST({sql} AS varchar) AS integer)"

    with pytest.raises(Failed, match="STACK_OVERFLOW: statement is too large"):
        small.ask(f"SELECT {sql}")


def test_rows_beyond_the_limit_may_be_unloaded(small: Lake) -> None:
    where = f"TO 's3://{BUCKET}/many/' WITH (format = 'PARQUET')"
    answer = small.ask(f"UNLOAD (SELECT x FROM UNNEST(sequence(1, 1000)) AS t(x)) {where}")

    assert answer.update_count == 1000
