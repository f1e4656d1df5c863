"""Files as tables, beyond what a case file can say: Parquet, compression, objects that change, real data."""

import gzip
import io
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from localaws.athena.catalog import Table
from localaws.athena.errors import QueryFailed
from localaws.athena.tables.scan import LAZY_SIMPLE, OPEN_CSV, PARQUET, scan
from localaws.athena.tables.workspace import Workspace
from localaws.objects import StoredObject
from tests.localaws.athena.lake import Failed, Lake
from tests.shared_data import shared_data

KEY_QUERY = """
    SELECT LOWER(forecast.item_id) as item_id, forecast.target_value,
           date_parse(forecast.timestamp, '%Y-%m-%d %H:%i:%s') as timestamp, forecast.type
    FROM default.forecast
    UNION ALL
    SELECT LOWER(train.item_id) as item_id, train.target_value,
           date_parse(train.timestamp, '%Y-%m-%d %H:%i:%s') as timestamp, 'history' as type
    FROM default.train
"""


def parquet(table: pa.Table) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(table, buffer)
    return buffer.getvalue()


def described(serde: str, columns: dict[str, str], **more: Any) -> dict[str, Any]:
    return {"serde": serde, "columns": columns, "properties": {}, "files": {}, **more}


def test_parquet_columns_are_found_by_name_in_any_case_and_may_be_missing(lake: Lake) -> None:
    lake.put("grown/a.parquet", parquet(pa.table({"ID": [1], "extra": ["?"]})))
    lake.put("grown/b.parquet", parquet(pa.table({"name": ["x"], "id": [2]})))
    lake.make_table("grown", described(PARQUET, {"id": "bigint", "name": "string", "later": "double"}))

    assert lake.rows("SELECT * FROM grown ORDER BY id") == [["1", None, None], ["2", "x", None]]


@pytest.fixture
def with_nan(lake: Lake) -> Iterator[Lake]:
    """A Parquet file whose statistics, 0 to 2, say nothing of its one NaN."""
    numbers = [0.0, 1.0, math.nan, 2.0]
    table = pa.table(
        {
            "x": pa.array(numbers),
            "f": pa.array(numbers, pa.float32()),
            "l": pa.array([[number] for number in numbers]),
            "s": pa.array([{"a": number} for number in numbers]),
        }
    )
    lake.put("nan/a.parquet", parquet(table))
    kinds = {"x": "double", "f": "float", "l": "array<double>", "s": "struct<a:double>"}
    lake.make_table("nan", described(PARQUET, kinds))
    yield lake
    lake.drop_table("nan")


@pytest.mark.parametrize("value", ["x", "f", "l[1]", "s.a"])
@pytest.mark.parametrize(
    ("condition", "count"),
    [
        ("is_nan({0})", "1"),
        ("NOT is_nan({0})", "3"),
        ("{0} <> {0}", "1"),
        ("{0} > 1", "1"),
        ("{0} >= 2", "1"),
        ("NOT {0} < 5", "1"),
        ("{0} NOT IN (0, 1, 2)", "1"),
        ("{0} = nan()", "0"),
        ("{0} BETWEEN 0 AND infinity()", "3"),
        ("{0} IS NULL", "0"),
    ],
)
def test_nan_in_parquet_passes_the_filters_that_it_should(
    with_nan: Lake, value: str, condition: str, count: str
) -> None:
    holds = condition.format(value)

    assert with_nan.rows(f"SELECT count(*) FROM nan WHERE {holds}") == [[count]]
    assert with_nan.rows(f"SELECT count_if({holds}) FROM nan") == [[count]]


def test_nan_in_parquet_sorts_groups_and_joins(with_nan: Lake) -> None:
    assert with_nan.rows("SELECT x FROM nan ORDER BY x DESC LIMIT 2") == [["NaN"], ["2.0"]]
    assert with_nan.rows("SELECT min(x), max(x), max(f), sum(x), count(DISTINCT x) FROM nan") == [
        ["0.0", "2.0", "2.0", "NaN", "4"]
    ]
    assert with_nan.rows("SELECT count(*) FROM nan AS a JOIN nan AS b ON a.x = b.x") == [["3"]]
    assert with_nan.rows("SELECT count(*) FROM nan WHERE x IN (SELECT x FROM nan)") == [["3"]]
    assert with_nan.rows("SELECT x FROM nan GROUP BY x ORDER BY x") == [["0.0"], ["1.0"], ["2.0"], ["NaN"]]


def test_a_parquet_column_of_another_type_fails(lake: Lake) -> None:
    lake.put("other/a.parquet", parquet(pa.table({"x": ["one"]})))
    lake.make_table("other", described(PARQUET, {"x": "double"}))

    with pytest.raises(Failed, match="INVALID_CAST_ARGUMENT"):
        lake.ask("SELECT x FROM other")


def test_parquet_timestamps_have_milliseconds(lake: Lake) -> None:
    """Halves go up, before 1970 too."""
    moments = pa.array([1_500, 1_499, -1_500, -1_501], pa.timestamp("us"))
    lake.put("micros/a.parquet", parquet(pa.table({"t": moments})))
    lake.make_table("micros", described(PARQUET, {"t": "timestamp"}))

    assert lake.rows("SELECT t, t = CAST(CAST(t AS varchar) AS timestamp) FROM micros") == [
        ["1970-01-01 00:00:00.002", "true"],
        ["1970-01-01 00:00:00.001", "true"],
        ["1969-12-31 23:59:59.999", "true"],
        ["1969-12-31 23:59:59.998", "true"],
    ]


@pytest.mark.parametrize("ending", ["csv", "csv.gz"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_a_line_break_in_quotes_ends_the_row(lake: Lake, ending: str, line_end: str) -> None:
    """Far into a file of many blocks, which several threads read."""
    lines = [f'"item {number}",{number}' for number in range(200_000)]
    lines[150_000] = f'"two{line_end}lines",7'
    body = (line_end.join(lines) + line_end).encode()
    key = f"breaks/a.{ending}"
    lake.put(key, gzip.compress(body) if ending.endswith("gz") else body)
    lake.make_table("breaks", described(OPEN_CSV, {"id": "string", "n": "bigint"}))
    try:
        assert lake.rows("SELECT count(*), count(id), sum(n) FROM breaks") == [
            ["200001", "199999", str(sum(range(200_000)) - 150_000)]
        ]
    finally:
        lake.drop_table("breaks")


def test_what_is_wrong_with_a_text_file_is_said_in_words_of_the_table(lake: Lake) -> None:
    lake.put("latin/a.csv", "caf\u00e9,1\n".encode("latin-1"))
    lake.put("endless/a.csv", "x" * 3_000_000)
    for name in ("latin", "endless"):
        lake.make_table(name, described(LAZY_SIMPLE, {"a": "string"}))

    with pytest.raises(Failed, match="HIVE_BAD_DATA: A text file of the table is not UTF-8"):
        lake.ask("SELECT a FROM latin")
    with pytest.raises(Failed, match="HIVE_BAD_DATA: A text file of the table has a line of more than"):
        lake.ask("SELECT a FROM endless")


def test_parquet_types_become_those_of_the_table(lake: Lake) -> None:
    rows = pa.table(
        {
            "small": pa.array([7], pa.int16()),
            "at": pa.array([1577872800000000000], pa.timestamp("ns")),
            "zoned": pa.array([1577872800000], pa.timestamp("ms", "UTC")),
            "raw": pa.array([b"text"], pa.binary()),
            "tags": pa.array([["a", None]]),
            "place": pa.array([{"City": "Rome", "n": 1}]),
            "pairs": pa.array([[("k", 1.5)]], pa.map_(pa.string(), pa.float64())),
        }
    )
    lake.put("typed/a.parquet", parquet(rows))
    columns = {
        "small": "bigint",
        "at": "timestamp",
        "zoned": "timestamp",
        "raw": "string",
        "tags": "array<string>",
        "place": "struct<city:string,n:int>",
        "pairs": "map<string,double>",
    }
    lake.make_table("typed", described(PARQUET, columns))

    answer = lake.ask("SELECT *, place.city AS city FROM typed")

    moment = "2020-01-01 10:00:00.000"
    assert answer.rows == [["7", moment, moment, "text", "[a, null]", "{city=Rome, n=1}", "{k=1.5}", "Rome"]]
    assert answer.types == ["bigint", "timestamp", "timestamp", "varchar", "array", "row", "map", "varchar"]


def test_a_file_that_is_no_parquet_fails_the_query(lake: Lake) -> None:
    lake.put("broken/a.parquet", "this is text, and long enough to be looked at")
    lake.make_table("broken", described(PARQUET, {"id": "bigint"}))

    with pytest.raises(Failed, match="HIVE_CANNOT_OPEN_SPLIT"):
        lake.ask("SELECT * FROM broken")


def test_compressed_files_are_known_by_their_names(lake: Lake) -> None:
    lake.put("zipped/a.csv.gz", gzip.compress(b'h\n"1"\n'))
    lake.put("zipped/b.csv", "h\n2\n")
    lake.make_table("zipped", described(OPEN_CSV, {"n": "int"}, parameters={"skip.header.line.count": "1"}))

    assert lake.rows("SELECT n FROM zipped ORDER BY n") == [["1"], ["2"]]
    lake.put("zipped/c.csv.bz2", "?")
    with pytest.raises(Failed, match=r"NOT_SUPPORTED: .*files compressed as \.bz2 \(zipped/c\.csv\.bz2\)"):
        lake.ask("SELECT n FROM zipped")


def test_rows_written_meanwhile_are_there_in_the_next_query(lake: Lake) -> None:
    lake.put("fresh/a.csv", "1\n")
    lake.make_table("fresh", described(LAZY_SIMPLE, {"n": "int"}))
    assert lake.rows("SELECT n FROM fresh") == [["1"]]

    lake.put("fresh/a.csv", "2\n")

    assert lake.rows("SELECT n FROM fresh") == [["2"]]


def test_partition_projection_is_refused_not_ignored(lake: Lake) -> None:
    projected = {"projection.enabled": "true"}
    lake.make_table(
        "projected", described(LAZY_SIMPLE, {"n": "int"}, keys={"p": "int"}, parameters=projected)
    )

    with pytest.raises(Failed, match=r"NOT_SUPPORTED: .*partition projection"):
        lake.ask("SELECT n FROM projected")


class Flickering:
    """A store whose object is replaced before it can be opened, several times; then it stays or is gone."""

    def __init__(self, folder: Path, times: int, *, deleted: bool = False) -> None:
        self._folder, self._left, self._deleted = folder, times, deleted

    def files(self, bucket: str, prefix: str) -> list[StoredObject]:
        return [StoredObject(f"{prefix}a.csv", self._folder / bucket / "gone.csv", 2)]

    def resolve(self, bucket: str, key: str) -> StoredObject | None:
        self._left -= 1
        if self._left > 0:
            return StoredObject(key, self._folder / bucket / "gone.csv", 2)
        (self._folder / "there.csv").write_text("1\n")
        return None if self._deleted else StoredObject(key, self._folder / "there.csv", 2)

    def put(self, bucket: str, key: str, body: bytes | Path) -> StoredObject:
        raise NotImplementedError


def flickering_table() -> Table:
    storage = {
        "Columns": [{"Name": "n", "Type": "int"}],
        "Location": "s3://b/t/",
        "SerdeInfo": {"SerializationLibrary": LAZY_SIMPLE},
    }
    return Table("default", "t", {"StorageDescriptor": storage})


def test_an_object_replaced_before_it_is_opened_is_looked_up_again(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path / "q")

    scan(flickering_table(), [], Flickering(tmp_path, times=3), workspace)

    assert [path.read_text() for path in workspace.inputs] == ["1\n"]


def test_an_object_deleted_before_it_is_opened_has_no_rows(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path / "q")

    scan(flickering_table(), [], Flickering(tmp_path, times=1, deleted=True), workspace)

    assert workspace.inputs == []


def test_an_object_that_never_stands_still_fails_the_query(tmp_path: Path) -> None:
    with pytest.raises(QueryFailed, match=r"s3://b/t/a\.csv is replaced faster than it can be opened"):
        scan(flickering_table(), [], Flickering(tmp_path, times=99), Workspace(tmp_path / "q"))


def test_a_query_keeps_reading_the_object_that_it_opened(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path / "q")
    (tmp_path / "object").write_text("before")
    opened = workspace.read(StoredObject("k", tmp_path / "object", 6))

    (tmp_path / "object").unlink()

    assert opened.read_text() == "before"


def test_the_demo_data_answers_the_query_of_the_dashboard(lake: Lake) -> None:
    history = shared_data("demo/item-demand-time.csv").read_bytes()
    columns = {"timestamp": "string", "target_value": "double", "item_id": "string"}
    lake.put("train/a.csv", history)
    lake.make_table("train", described(OPEN_CSV, columns))
    lake.put("forecast/a.csv", '"2015-01-01 00:00:00",38.5,"Client_12","p50"\n')
    lake.make_table("forecast", described(OPEN_CSV, {**columns, "type": "string"}))

    answer = lake.ask(KEY_QUERY)

    assert answer.columns == ["item_id", "target_value", "timestamp", "type"]
    assert answer.types == ["varchar", "double", "timestamp", "varchar"]
    assert ["client_12", "38.5", "2015-01-01 00:00:00.000", "p50"] in answer.rows
    assert ["client_12", "38.34991708126038", "2014-01-01 01:00:00.000", "history"] in answer.rows
    assert len(answer.rows) == history.count(b"\n") + 1
