"""The clients that people have, as they are: awswrangler and PyAthena with nothing but an endpoint."""

from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import awswrangler as wr
import boto3
import pandas as pd
import pytest
from pyathena import connect
from pyathena.async_cursor import AsyncCursor
from pyathena.cursor import DictCursor
from pyathena.error import OperationalError
from pyathena.pandas.cursor import PandasCursor

from tests.localaws.athena.lake import BUCKET, OUTPUT, Lake

# awswrangler 3.17 calls pandas 3 as it called pandas 2.
pytestmark = [
    pytest.mark.filterwarnings("ignore:The copy keyword is deprecated:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:The inplace keyword in DataFrame:DeprecationWarning"),
]

TYPED = """
    SELECT 1 AS i, CAST(2 AS bigint) AS b, 1.5E0 AS d, CAST(2.50 AS decimal(5, 2)) AS m, 'x' AS s, '' AS e,
           DATE '2020-01-02' AS day, TIMESTAMP '2020-01-02 03:04:05' AS at, true AS t
    UNION ALL SELECT NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL
"""


@pytest.fixture
def environment(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What a user exports."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", lake.aws.endpoint)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "local")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "local")
    monkeypatch.setenv("AWS_DEFAULT_REGION", lake.aws.region)
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", boto3.Session())  # else awswrangler makes one a call
    wr.config.athena_query_wait_polling_delay = 0.02  # seconds; a second on AWS
    yield
    wr.config.reset()


@pytest.mark.usefixtures("environment")
@pytest.mark.parametrize("ctas", [True, False])
def test_awswrangler_takes_bare_text_for_question_marks(lake: Lake, ctas: bool) -> None:
    lake.ask("CREATE DATABASE IF NOT EXISTS towns")
    read = wr.athena.read_sql_query(
        "SELECT name, n FROM (VALUES ('Washington', 1), ('New York', 2), ('Rome', 3)) AS t(name, n) "
        "WHERE name = ? OR n = ?",
        database="towns",
        params=["New York", "3"],
        paramstyle="qmark",
        ctas_approach=ctas,
        s3_output=OUTPUT,
    )

    assert sorted(read["name"]) == ["New York", "Rome"]


def wrangled(sql: str, **how: Any) -> pd.DataFrame:
    found: pd.DataFrame = wr.athena.read_sql_query(sql, **{"database": "default", "s3_output": OUTPUT, **how})
    return found


@pytest.fixture
def sales(lake: Lake, environment: None) -> Iterator[str]:
    """A table of CSV files as the pipeline makes them."""
    lake.put("sales/part-0.csv", 'item,amount\n"a,b",1.5\nc,2.5\n')
    wr.catalog.create_database("default", exist_ok=True)
    wr.catalog.create_csv_table(
        "default",
        "sales",
        f"s3://{BUCKET}/sales/",
        {"item": "string", "amount": "double"},
        skip_header_line_count=1,
        serde_library="org.apache.hadoop.hive.serde2.OpenCSVSerde",
        serde_parameters={"separatorChar": ",", "quoteChar": '"', "escapeChar": "\x01"},
    )
    yield "sales"
    wr.catalog.delete_table_if_exists("default", "sales")


@pytest.mark.parametrize(
    "how",
    [
        {"ctas_approach": True},
        {"ctas_approach": False},
        {"ctas_approach": False, "unload_approach": True, "s3_output": f"s3://{BUCKET}/empty/"},
    ],
    ids=["ctas", "csv", "unload"],
)
def test_awswrangler_reads_a_query_in_every_way(sales: str, how: dict[str, Any]) -> None:
    frame = wrangled("SELECT item, sum(amount) AS amount FROM sales GROUP BY item ORDER BY item", **how)

    assert sorted(frame.itertuples(index=False, name=None)) == [("a,b", 1.5), ("c", 2.5)]


def test_awswrangler_gets_types_and_nulls(lake: Lake, environment: None) -> None:
    frame = wrangled(TYPED, ctas_approach=False)

    assert frame.dtypes.astype(str).to_dict() == {
        "i": "Int32",
        "b": "Int64",
        "d": "float64",
        "m": "object",
        "s": "string",
        "e": "string",
        "day": "object",
        "at": frame["at"].dtype.name,
        "t": "boolean",
    }
    first, second = frame.iloc[0], frame.iloc[1]
    assert (first["m"], first["day"], first["at"]) == (
        Decimal("2.50"),
        date(2020, 1, 2),
        pd.Timestamp("2020-01-02 03:04:05"),
    )
    assert second[["i", "b", "d", "s", "day", "at", "t"]].isna().all()


def test_awswrangler_gets_the_same_types_through_parquet(lake: Lake, environment: None) -> None:
    frame = wrangled(TYPED, ctas_approach=True).sort_values("i")

    assert (frame["m"].iloc[0], frame["day"].iloc[0], frame["at"].iloc[0]) == (
        Decimal("2.50"),
        date(2020, 1, 2),
        pd.Timestamp("2020-01-02 03:04:05"),
    )
    assert frame["e"].iloc[0] == ""
    assert frame.iloc[1].isna().all()


def test_awswrangler_leaves_no_table_behind(lake: Lake, environment: None) -> None:
    wr.catalog.create_database("default", exist_ok=True)
    wrangled("SELECT 1 AS x", ctas_approach=True)

    assert [table["Name"] for table in wr.catalog.get_tables(database="default")] == []


def test_awswrangler_reads_tables_and_parameters(sales: str) -> None:
    table = wr.athena.read_sql_table("sales", database="default", s3_output=OUTPUT)
    named = wrangled(
        "SELECT amount FROM sales WHERE item = :item", params={"item": "a,b"}, ctas_approach=False
    )
    marked = wrangled(
        "SELECT amount FROM sales WHERE item = ?", params=["'c'"], paramstyle="qmark", ctas_approach=False
    )

    assert len(table) == 2
    assert named["amount"].tolist() == [1.5]
    assert marked["amount"].tolist() == [2.5]


def test_awswrangler_sees_the_catalog(sales: str) -> None:
    frame = wr.catalog.tables(database="default")
    described = wr.athena.describe_table("sales", database="default", s3_output=OUTPUT)

    assert frame["Table"].tolist() == ["sales"]
    assert described[["Column Name", "Type"]].to_numpy().tolist() == [
        ["item", "string"],
        ["amount", "double"],
    ]
    assert "CREATE EXTERNAL TABLE `default.sales`" in wr.athena.show_create_table(
        "sales", database="default", s3_output=OUTPUT
    )


def test_awswrangler_writes_and_partitions_parquet(lake: Lake, environment: None) -> None:
    wr.catalog.create_database("default", exist_ok=True)
    path = f"s3://{BUCKET}/frames/"
    frame = pd.DataFrame(
        {"x": [1, 2], "at": [datetime(2020, 1, 1), datetime(2020, 1, 2)], "year": ["2020", "2021"]}
    )
    wr.s3.to_parquet(frame, path, dataset=True, partition_cols=["year"])
    wr.catalog.create_parquet_table(
        "default", "frames", path, {"x": "bigint", "at": "timestamp"}, partitions_types={"year": "string"}
    )
    wr.catalog.add_parquet_partitions("default", "frames", {f"{path}year=2020/": ["2020"]})

    before = wrangled("SELECT x, year FROM frames", ctas_approach=False)
    wr.athena.repair_table("frames", database="default", s3_output=OUTPUT)
    after = wrangled("SELECT x, at, year FROM frames ORDER BY x", ctas_approach=False)

    assert before.to_numpy().tolist() == [[1, "2020"]]
    assert after["at"].tolist() == [pd.Timestamp("2020-01-01"), pd.Timestamp("2020-01-02")]
    assert after["year"].tolist() == ["2020", "2021"]
    wr.catalog.delete_table_if_exists("default", "frames")


def test_awswrangler_tells_why_a_query_failed(lake: Lake, environment: None) -> None:
    with pytest.raises(wr.exceptions.QueryFailed, match="COLUMN_NOT_FOUND: line 1:8: Column 'nothing'"):
        wrangled("SELECT nothing FROM (VALUES 1) AS t(x)", ctas_approach=False)


@pytest.fixture
def connection(lake: Lake, environment: None) -> Iterator[Any]:
    with connect(s3_staging_dir=OUTPUT, poll_interval=0.02, region_name=lake.aws.region) as found:
        yield found


def test_pyathena_gives_python_values(connection: Any) -> None:
    cursor = connection.cursor().execute(TYPED)

    assert cursor.fetchall() == [
        (1, 2, 1.5, Decimal("2.50"), "x", "", date(2020, 1, 2), datetime(2020, 1, 2, 3, 4, 5), True),
        (None,) * 9,
    ]
    assert [(column[0], column[1]) for column in cursor.description][:4] == [
        ("i", "integer"),
        ("b", "bigint"),
        ("d", "double"),
        ("m", "decimal"),
    ]


def test_pyathena_takes_parameters_and_pages(connection: Any) -> None:
    cursor = connection.cursor().execute(
        "SELECT x FROM UNNEST(sequence(1, 2500)) AS t(x) WHERE x <> %(left_out)s ORDER BY x", {"left_out": 7}
    )

    assert [row[0] for row in cursor] == [x for x in range(1, 2501) if x != 7]


def test_pyathena_pandas_and_dict_cursors(sales: str, connection: Any) -> None:
    sql = "SELECT item, amount FROM sales ORDER BY item"
    frame = connection.cursor(PandasCursor).execute(sql).as_pandas()
    rows = connection.cursor(DictCursor).execute(sql).fetchall()

    assert frame.to_numpy().tolist() == [["a,b", 1.5], ["c", 2.5]]
    assert rows == [{"item": "a,b", "amount": 1.5}, {"item": "c", "amount": 2.5}]


def test_pyathena_runs_ten_at_once(connection: Any) -> None:
    with connection.cursor(AsyncCursor, max_workers=10) as cursor:
        futures = [cursor.execute(f"SELECT {number} * 3")[1] for number in range(10)]
        answers = [future.result().fetchall() for future in futures]

    assert answers == [[(number * 3,)] for number in range(10)]


def test_pyathena_sees_the_catalog_and_does_ddl(sales: str, connection: Any) -> None:
    cursor = connection.cursor()
    cursor.execute("CREATE TABLE copied AS SELECT * FROM sales")

    assert cursor.execute("SHOW TABLES").fetchall() == [("copied",), ("sales",)]
    assert [table.name for table in cursor.list_table_metadata(schema_name="default")] == ["copied", "sales"]
    assert cursor.execute("INSERT INTO copied VALUES ('d', 3E0)").rowcount == 1
    cursor.execute("DROP TABLE copied")


def test_pyathena_tells_why_a_query_failed(connection: Any) -> None:
    with pytest.raises(OperationalError, match="FUNCTION_NOT_FOUND: line 1:8: Function 'foo' not registered"):
        connection.cursor().execute("SELECT foo(1)")
