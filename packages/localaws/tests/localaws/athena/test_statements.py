"""Statements that are no SELECT: what they change, write and print."""

import pytest

from tests.localaws.athena.lake import BUCKET, Failed, Lake


@pytest.fixture(scope="module", autouse=True)
def database(lake: Lake) -> None:
    lake.ask("CREATE DATABASE IF NOT EXISTS d")


def test_databases_come_and_go(lake: Lake) -> None:
    lake.ask("CREATE SCHEMA fresh")

    assert ["fresh"] in lake.rows("SHOW DATABASES")
    assert lake.rows("SHOW SCHEMAS LIKE 'fre*'") == [["fresh"]]
    with pytest.raises(Failed, match="Database fresh already exists"):
        lake.ask("CREATE DATABASE fresh")
    lake.ask("DROP DATABASE fresh")
    with pytest.raises(Failed, match="Database does not exist: fresh"):
        lake.ask("DROP DATABASE fresh")
    lake.ask("DROP DATABASE IF EXISTS fresh")


def test_a_database_with_tables_is_dropped_only_by_cascade(lake: Lake) -> None:
    lake.ask("CREATE DATABASE full")
    lake.ask(f"CREATE EXTERNAL TABLE full.t (a int) LOCATION 's3://{BUCKET}/full/'")

    with pytest.raises(Failed, match="is not empty"):
        lake.ask("DROP DATABASE full")
    lake.ask("DROP DATABASE full CASCADE")


def test_a_table_in_the_grammar_of_hive_is_read(lake: Lake) -> None:
    lake.put("hive/part.csv", "h\n1|x\\|y\n2|\\N\n")
    lake.ask(rf"""
        CREATE EXTERNAL TABLE IF NOT EXISTS `d`.`hive` (`id` int COMMENT 'it\'s', name string)
        COMMENT 'a table'
        ROW FORMAT DELIMITED FIELDS TERMINATED BY '|' ESCAPED BY '\\'
        STORED AS TEXTFILE
        LOCATION 's3://{BUCKET}/hive/'
        TBLPROPERTIES ('skip.header.line.count' = '1')
    """)

    assert lake.rows("SELECT * FROM d.hive ORDER BY id") == [["1", "x|y"], ["2", None]]
    described = lake.glue.get_table(DatabaseName="d", Name="hive")["Table"]
    assert described["Description"] == "a table"
    assert described["StorageDescriptor"]["Columns"][0]["Comment"] == "it's"


def test_what_show_create_table_prints_makes_the_same_table(lake: Lake) -> None:
    lake.put("again/a.csv", '"1","x"\n')
    lake.ask(f"""
        CREATE EXTERNAL TABLE d.again (id int, name string) PARTITIONED BY (p string)
        ROW FORMAT SERDE 'org.apache.hadoop.hive.serde2.OpenCSVSerde'
        WITH SERDEPROPERTIES ('separatorChar' = ',', 'quoteChar' = '"')
        LOCATION 's3://{BUCKET}/again/' TBLPROPERTIES ('owner' = 'me')
    """)
    before = lake.glue.get_table(DatabaseName="d", Name="again")["Table"]
    printed = "\n".join(str(row[0]) for row in lake.rows("SHOW CREATE TABLE d.again"))
    lake.ask("DROP TABLE d.again")

    lake.ask(printed)

    after = lake.glue.get_table(DatabaseName="d", Name="again")["Table"]
    for key in ("StorageDescriptor", "PartitionKeys", "Parameters", "TableType"):
        assert after[key] == before[key]


def test_a_table_without_location_is_refused(lake: Lake) -> None:
    with pytest.raises(Failed, match="add LOCATION"):
        lake.ask("CREATE EXTERNAL TABLE d.nowhere (a int)")


def test_create_table_as_writes_parquet_and_a_manifest(lake: Lake) -> None:
    answer = lake.ask(f"""
        CREATE TABLE d.made WITH (format = 'PARQUET', external_location = 's3://{BUCKET}/made/')
        AS SELECT 1 AS id, 'x' AS name, ARRAY[1.5E0] AS list, CAST(ROW(1) AS ROW(n bigint)) AS r
        UNION ALL SELECT 2, NULL, NULL, NULL
    """)

    assert (answer.execution["StatementType"], answer.execution["SubstatementType"]) == (
        "DDL",
        "CREATE_TABLE_AS_SELECT",
    )
    assert answer.update_count == 2
    manifest = lake.read(answer.execution["Statistics"]["DataManifestLocation"]).decode().split()
    assert manifest == [f"s3://{BUCKET}/{key}" for key in lake.keys("made/")]
    assert lake.rows("SELECT id, name, list, r, r.n FROM d.made ORDER BY id") == [
        ["1", "x", "[1.5]", "{n=1}", "1"],
        ["2", None, None, None, None],
    ]


@pytest.mark.parametrize("form", ["PARQUET", "TEXTFILE", "JSON"])
def test_create_table_as_can_be_read_back_in_every_format(lake: Lake, form: str) -> None:
    lake.ask(f"CREATE TABLE d.form_{form} WITH (format = '{form}') AS SELECT 1 AS a, 'x,\"y' AS b, NULL AS c")

    assert lake.rows(f"SELECT * FROM d.form_{form}") == [["1", 'x,"y', None]]


def test_create_table_as_with_partitions(lake: Lake) -> None:
    lake.ask("""
        CREATE TABLE d.parted WITH (partitioned_by = ARRAY['year', 'kind']) AS
        SELECT x, 2020 + x AS year, 'a b' AS kind FROM (VALUES 1, 2) AS t(x)
    """)

    assert lake.rows("SHOW PARTITIONS d.parted") == [["year=2021/kind=a b"], ["year=2022/kind=a b"]]
    assert lake.rows("SELECT x, year, kind FROM d.parted WHERE year = 2022") == [["2", "2022", "a b"]]


def test_create_table_as_does_not_overwrite(lake: Lake) -> None:
    lake.put("occupied/x.csv", "1\n")

    with pytest.raises(Failed, match=rf"HIVE_PATH_ALREADY_EXISTS.*s3://{BUCKET}/occupied/"):
        lake.ask(f"CREATE TABLE d.late WITH (external_location = 's3://{BUCKET}/occupied/') AS SELECT 1 AS x")
    lake.ask("CREATE TABLE d.once AS SELECT 1 AS x")
    with pytest.raises(Failed, match="TABLE_ALREADY_EXISTS"):
        lake.ask("CREATE TABLE d.once AS SELECT 2 AS x")
    lake.ask("CREATE TABLE IF NOT EXISTS d.once AS SELECT 2 AS x")
    assert lake.rows("SELECT x FROM d.once") == [["1"]]


def test_create_table_as_needs_names(lake: Lake) -> None:
    with pytest.raises(Failed, match="MISSING_COLUMN_NAME: Column name not specified at position 2"):
        lake.ask("CREATE TABLE d.unnamed AS SELECT 1 AS x, 2")
    with pytest.raises(Failed, match="DUPLICATE_COLUMN_NAME: Column name 'X'"):
        lake.ask("CREATE TABLE d.doubled AS SELECT 1 AS x, 2 AS X")


def test_insert_adds_a_file_in_the_types_of_the_table(lake: Lake) -> None:
    lake.ask("CREATE TABLE d.growing AS SELECT CAST(1 AS bigint) AS a, CAST('x' AS varchar) AS b")

    answer = lake.ask("INSERT INTO d.growing (b, a) VALUES ('y', 2), ('z', NULL)")

    assert (answer.update_count, answer.execution["SubstatementType"]) == (2, "INSERT")
    assert lake.rows("SELECT * FROM d.growing ORDER BY b") == [["1", "x"], ["2", "y"], [None, "z"]]
    with pytest.raises(Failed, match=r"TYPE_MISMATCH.*a is bigint, the query has varchar"):
        lake.ask("INSERT INTO d.growing SELECT 'a', 'b'")


def test_insert_makes_partitions(lake: Lake) -> None:
    lake.ask("CREATE TABLE d.daily WITH (partitioned_by = ARRAY['day']) AS SELECT 1 AS x, 'mon' AS day")

    lake.ask("INSERT INTO d.daily VALUES (2, 'tue'), (3, 'mon')")

    assert lake.rows("SELECT x, day FROM d.daily ORDER BY x") == [["1", "mon"], ["2", "tue"], ["3", "mon"]]


def test_unload_writes_files_without_a_table(lake: Lake) -> None:
    answer = lake.ask(
        f"UNLOAD (SELECT ')' AS x) TO 's3://{BUCKET}/unloaded/' WITH (format = 'JSON', compression = 'NONE')"
    )

    (address,) = lake.read(answer.execution["Statistics"]["DataManifestLocation"]).decode().split()
    assert lake.read(address) == b'{"x":")"}\n'


def test_views_are_kept_as_athena_keeps_them(lake: Lake) -> None:
    lake.ask("CREATE TABLE d.base AS SELECT 1 AS a, 'x' AS b")
    lake.ask("CREATE VIEW v AS SELECT b, a * 2 AS twice FROM base", QueryExecutionContext={"Database": "d"})

    assert lake.ask("SELECT * FROM d.v").columns == ["b", "twice"]
    assert lake.rows("SELECT twice FROM d.v WHERE b = 'x'") == [["2"]]
    assert lake.glue.get_table(DatabaseName="d", Name="v")["Table"]["TableType"] == "VIRTUAL_VIEW"
    assert lake.rows("SHOW VIEWS IN d") == [["v"]]
    lake.ask("CREATE OR REPLACE VIEW d.v AS SELECT a FROM d.base")
    assert lake.rows("SELECT * FROM d.v") == [["1"]]
    lake.ask("DROP TABLE d.base")
    with pytest.raises(
        Failed, match=r"INVALID_VIEW: line 1:15: Failed analyzing stored view 'awsdatacatalog.d.v'"
    ):
        lake.ask("SELECT * FROM d.v")
    lake.ask("DROP VIEW d.v")


def test_a_view_that_cannot_work_is_refused(lake: Lake) -> None:
    with pytest.raises(Failed, match="TABLE_NOT_FOUND"):
        lake.ask("CREATE VIEW d.bad AS SELECT * FROM d.nothing")


def test_repair_finds_the_folders_of_partitions(lake: Lake) -> None:
    lake.put("repaired/day=2020-01-01/a.csv", "1\n")
    lake.put("repaired/day=2020-01-02/a.csv", "2\n")
    lake.put("repaired/other/a.csv", "3\n")
    lake.ask(
        f"CREATE EXTERNAL TABLE d.repaired (x int) PARTITIONED BY (day date) LOCATION 's3://{BUCKET}/repaired/'"
    )
    assert lake.rows("SELECT * FROM d.repaired") == []

    lake.ask("MSCK REPAIR TABLE d.repaired")

    assert lake.rows("SELECT x, day FROM d.repaired ORDER BY x") == [["1", "2020-01-01"], ["2", "2020-01-02"]]


def test_partitions_are_altered(lake: Lake) -> None:
    lake.put("elsewhere/a.csv", "7\n")
    lake.ask(
        f"CREATE EXTERNAL TABLE d.altered (x int) PARTITIONED BY (p string) LOCATION 's3://{BUCKET}/altered/'"
    )

    lake.ask(
        f"ALTER TABLE d.altered ADD PARTITION (p = 'a') LOCATION 's3://{BUCKET}/elsewhere/' "
        "PARTITION (p = 'b')"
    )

    assert lake.rows("SHOW PARTITIONS d.altered") == [["p=a"], ["p=b"]]
    assert lake.rows("SELECT x, p FROM d.altered") == [["7", "a"]]
    with pytest.raises(Failed, match="Partition already exists"):
        lake.ask("ALTER TABLE d.altered ADD PARTITION (p = 'a')")
    lake.ask("ALTER TABLE d.altered ADD IF NOT EXISTS PARTITION (p = 'a')")
    lake.ask(f"ALTER TABLE d.altered PARTITION (p = 'b') SET LOCATION 's3://{BUCKET}/elsewhere/'")
    lake.ask("ALTER TABLE d.altered DROP PARTITION (p = 'a')")
    assert lake.rows("SELECT x, p FROM d.altered") == [["7", "b"]]


def test_a_table_moves_and_grows(lake: Lake) -> None:
    lake.put("first/a.csv", "1\n")
    lake.put("second/a.csv", "2,x\n")
    lake.ask(
        "CREATE EXTERNAL TABLE d.moving (a int) ROW FORMAT DELIMITED FIELDS TERMINATED BY ',' "
        f"LOCATION 's3://{BUCKET}/first/'"
    )

    lake.ask(f"ALTER TABLE d.moving SET LOCATION 's3://{BUCKET}/second/'")
    lake.ask("ALTER TABLE d.moving ADD COLUMNS (b string)")
    lake.ask("ALTER TABLE d.moving SET TBLPROPERTIES ('note' = 'moved')")

    assert lake.rows("SELECT a, b FROM d.moving") == [["2", "x"]]
    assert lake.rows("SHOW TBLPROPERTIES d.moving('note')") == [["moved"]]


def test_a_table_is_described(lake: Lake) -> None:
    lake.ask(
        f"CREATE EXTERNAL TABLE d.told (a int COMMENT 'one') PARTITIONED BY (p string) LOCATION 's3://{BUCKET}/told/'"
    )

    rows = [[str(cell).strip() for cell in row] for row in lake.rows("DESCRIBE d.told")]
    assert rows[:2] == [["a", "int", "one"], ["p", "string", ""]]
    assert rows[3:] == [
        ["# Partition Information", "", ""],
        ["# col_name", "data_type", "comment"],
        ["p", "string", ""],
    ]
    assert [str(row[0]).strip() for row in lake.rows("SHOW COLUMNS IN d.told")] == ["a", "p"]
    assert lake.rows("SHOW TABLES IN d 'tol*'") == [["told"]]


def test_ddl_leaves_a_text_file(lake: Lake) -> None:
    execution = lake.ask("SHOW DATABASES LIKE 'd'").execution

    assert (execution["StatementType"], execution["SubstatementType"]) == ("UTILITY", "SHOW_DATABASES")
    assert execution["ResultConfiguration"]["OutputLocation"].endswith(".txt")
    assert lake.read(execution["ResultConfiguration"]["OutputLocation"]) == b"d\n"


def test_information_schema_lists_the_catalog(lake: Lake) -> None:
    lake.ask("CREATE DATABASE listed")
    lake.ask(f"CREATE EXTERNAL TABLE listed.t (a int, b array<string>) LOCATION 's3://{BUCKET}/listed/'")

    assert lake.rows("""
        SELECT table_name, column_name, data_type, ordinal_position
        FROM information_schema.columns WHERE table_schema = 'listed' ORDER BY 4
    """) == [["t", "a", "integer", "1"], ["t", "b", "array(varchar)", "2"]]
    assert lake.rows("""
        SELECT table_type FROM awsdatacatalog.information_schema.tables WHERE table_schema = 'listed'
    """) == [["BASE TABLE"]]
    assert ["listed"] in lake.rows("SELECT schema_name FROM information_schema.schemata")


def test_explain_says_whose_plan_it_is(lake: Lake) -> None:
    assert lake.rows("EXPLAIN SELECT 1")[0] == ["Query Plan (of DuckDB)"]


def test_prepare_execute_deallocate(lake: Lake) -> None:
    lake.ask("PREPARE half FROM SELECT x FROM (VALUES 1, 2, 3) AS t(x) WHERE x > ? ORDER BY x")

    assert lake.rows("EXECUTE half USING 1") == [["2"], ["3"]]
    lake.ask("DEALLOCATE PREPARE half")
    with pytest.raises(Failed, match="PreparedStatement half was not found"):
        lake.ask("EXECUTE half USING 1")


@pytest.mark.parametrize(
    ("sql", "name"),
    [
        ("GRANT SELECT ON t TO me", "GRANT"),
        ("MERGE INTO t USING u ON true WHEN MATCHED THEN DELETE", "MERGE"),
        ("CREATE ROLE r", "CREATE ROLE"),
        ("ALTER TABLE d.told RENAME TO x", r"ALTER TABLE \.\.\. RENAME"),
        ("SHOW FUNCTIONS", "SHOW FUNCTIONS"),
        ("CREATE EXTERNAL TABLE t (a int) STORED AS ORC LOCATION 's3://lake/x/'", "STORED AS ORC"),
        ("CREATE TABLE t WITH (bucket_count = 4) AS SELECT 1 AS x", "table property bucket_count"),
    ],
)
def test_what_is_not_supported_fails_by_its_name(lake: Lake, sql: str, name: str) -> None:
    with pytest.raises(Failed, match=f"NOT_SUPPORTED: .*{name}"):
        lake.ask(sql)
