"""A query reads the files of its tables, and nothing else; it cannot take the server with it.

Two walls: the compiler lets nothing through that it does not know, and behind it DuckDB is locked in a
process of its own. The second is tried here without the first.
"""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from localaws.athena.worker.limits import Limits
from localaws.athena.worker.pool import EngineError, Job, Pool, Stopped, Ticket, TimedOut
from tests.localaws.athena.lake import BUCKET, Failed, Lake
from tests.localaws.waiting import eventually

READERS = [
    "read_csv('/etc/passwd')",
    "read_text('/etc/passwd')",
    "read_blob('/etc/passwd')",
    "read_parquet('/etc/passwd')",
    "read_json('/etc/passwd')",
    "read_json_objects('/etc/passwd')",
    "parquet_metadata('/etc/passwd')",
    "parquet_schema('/etc/passwd')",
    "sniff_csv('/etc/passwd')",
    "glob('/etc/*')",
]
STATEMENTS = [
    "COPY (SELECT 1) TO '/tmp/out.csv'",
    "COPY t FROM '/etc/passwd'",
    "ATTACH '/tmp/x.db'",
    "ATTACH '/tmp/x.db' AS x (TYPE sqlite)",
    "INSTALL httpfs",
    "LOAD httpfs",
    "SET enable_external_access = true",
    "SET allowed_directories = ['/']",
    "RESET lock_configuration",
    "PRAGMA enable_external_access",
    "EXPORT DATABASE '/tmp/x'",
    "IMPORT DATABASE '/tmp/x'",
    "CHECKPOINT",
]


@pytest.mark.parametrize(
    "reader", [*READERS, "query('SELECT 1')", "query_table('t')", "duckdb_settings()", "range(5)"]
)
def test_no_table_function_is_known(lake: Lake, reader: str) -> None:
    with pytest.raises(Failed, match=r"FUNCTION_NOT_FOUND|NOT_SUPPORTED|SYNTAX"):
        lake.ask(f"SELECT * FROM {reader}")


@pytest.mark.parametrize(
    "name", ["getenv", "read_text", "current_setting", "query", "error", "getvariable", "pragma_version"]
)
def test_no_function_of_duckdb_is_known(lake: Lake, name: str) -> None:
    with pytest.raises(Failed, match=f"FUNCTION_NOT_FOUND: line 1:8: Function '{name}' not registered"):
        lake.ask(f"SELECT {name}('HOME')")


@pytest.mark.parametrize("name", ['"/etc/passwd"', '"/etc/../etc/passwd"', '"*.csv"', '"s3://lake/t/a.csv"'])
def test_a_file_is_no_table(lake: Lake, name: str) -> None:
    with pytest.raises(Failed, match="TABLE_NOT_FOUND"):
        lake.ask(f"SELECT * FROM {name}")


@pytest.mark.parametrize(
    "name", ["duckdb_settings", "pg_catalog.pg_tables", "sqlite_master", "temp.t", "duckdb_columns"]
)
def test_the_catalog_of_duckdb_is_not_there(lake: Lake, name: str) -> None:
    with pytest.raises(Failed, match=r"TABLE_NOT_FOUND|SCHEMA_NOT_FOUND"):
        lake.ask(f"SELECT * FROM {name}")


@pytest.mark.parametrize("statement", STATEMENTS)
def test_no_statement_of_duckdb_is_known(lake: Lake, statement: str) -> None:
    with pytest.raises((Failed, ClientError), match=r"NOT_SUPPORTED|mismatched input"):
        lake.ask(statement)


@pytest.mark.parametrize(
    "text",
    [
        "x' UNION SELECT 1 --",
        "';COPY (SELECT 1) TO '/tmp/x'; --",
        "$$x$$",
        "\\'",
        "{0} {1} {{",
        "\x00",
        "é€𝄞",
    ],
)
def test_text_stays_text(lake: Lake, text: str) -> None:
    quoted = text.replace("'", "''")

    assert lake.rows(f"SELECT '{quoted}', lower('{quoted}') = lower('{quoted}')") == [[text, "true"]]


def test_names_stay_names(lake: Lake) -> None:
    name = 'a"b; DROP TABLE x --'
    quoted = name.replace('"', '""')

    answer = lake.ask(f'SELECT "{quoted}" FROM (SELECT 1 AS "{quoted}") AS "t""t" ORDER BY "{quoted}"')

    assert (answer.columns, answer.rows) == ([name], [["1"]])


def test_a_table_reads_its_own_location_only(lake: Lake) -> None:
    lake.put("mine/a.csv", "mine\n")
    lake.put("mine-too/a.csv", "not mine\n")
    lake.ask(f"CREATE EXTERNAL TABLE mine (a string) LOCATION 's3://{BUCKET}/mine'")

    assert lake.rows("SELECT a FROM mine") == [["mine"]]
    for location in ("/etc/", "file:///etc/", "s3://"):
        with pytest.raises(Failed, match="LOCATION must be s3://BUCKET/FOLDER/"):
            lake.ask(f"CREATE EXTERNAL TABLE bad (a string) LOCATION '{location}'")


def test_an_object_key_is_no_path(lake: Lake) -> None:
    for key in ("dots/../../../etc/passwd", "dots/*.csv", "dots/it's"):
        lake.put(key, "harmless\n")
    lake.ask(f"CREATE EXTERNAL TABLE dots (a string) LOCATION 's3://{BUCKET}/dots/'")

    assert {row[0] for row in lake.rows("SELECT a FROM dots")} == {"harmless"}


# the second wall


@pytest.fixture
def pool() -> Iterator[Pool]:
    found = Pool(Limits(seconds=20))
    yield found
    found.close()


def job(folder: Path, *statements: str, inputs: tuple[Path, ...] = ()) -> Job:
    folder.mkdir(exist_ok=True)
    return Job(statements, inputs, folder)


@pytest.mark.parametrize("reader", READERS)
def test_the_locked_engine_reads_nothing_else(pool: Pool, tmp_path: Path, reader: str) -> None:
    with pytest.raises(EngineError, match=r"disabled by configuration|does not exist"):
        pool.run(job(tmp_path / "q", f"SELECT * FROM {reader}"), Ticket())


@pytest.mark.parametrize("statement", [each for each in STATEMENTS if each != "CHECKPOINT"])  # of memory
def test_the_locked_engine_changes_nothing(pool: Pool, tmp_path: Path, statement: str) -> None:
    with pytest.raises(EngineError):
        pool.run(job(tmp_path / "q", statement), Ticket())


def test_links_and_dots_lead_nowhere(pool: Pool, tmp_path: Path) -> None:
    secret = tmp_path / "secret.csv"
    secret.write_text("secret\n")
    folder = tmp_path / "q"
    folder.mkdir()
    (folder / "allowed.csv").write_text("ok\n")

    for path in (f"{folder}/../secret.csv", str(secret), f"{folder}x/secret.csv"):
        with pytest.raises(EngineError, match="disabled by configuration"):
            pool.run(job(folder, f"SELECT * FROM read_text('{path}')"), Ticket())


def test_a_warm_process_has_forgotten_the_files_of_the_query_before(pool: Pool, tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    first.mkdir()
    (first / "in0").write_text("1\n")
    read = f"SELECT count(*) FROM read_csv('{first / 'in0'}')"

    assert pool.run(job(first, read, inputs=(first / "in0",)), Ticket()) == [[1]]
    with pytest.raises(EngineError, match="disabled by configuration"):
        pool.run(job(second, read), Ticket())


def test_the_process_has_no_credentials(pool: Pool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hidden")
    pool.run(job(tmp_path / "q", "SELECT 1"), Ticket())

    (process,) = pool._idle
    if not (environment := Path(f"/proc/{process.pid}/environ")).exists():
        pytest.skip("no /proc here")
    assert b"AWS_SECRET_ACCESS_KEY" not in environment.read_bytes()


def test_a_query_that_takes_too_long_is_killed(tmp_path: Path) -> None:
    pool = Pool(Limits(seconds=0.5))
    try:
        with pytest.raises(TimedOut):
            pool.run(
                job(tmp_path / "q", "SELECT count(*) FROM range(1000000000) a, range(1000000000) b"), Ticket()
            )
    finally:
        pool.close()


def test_a_query_that_is_stopped_is_killed(pool: Pool, tmp_path: Path) -> None:
    ticket = Ticket()
    threading.Timer(0.3, ticket.stop).start()

    with pytest.raises(Stopped):
        pool.run(job(tmp_path / "q", "SELECT count(*) FROM range(1000000000) a, range(1000000000) b"), ticket)


@pytest.mark.parametrize(
    "bomb",
    [
        "SELECT list(a.range || b.range) FROM range(100000) a, range(100000) b",
        "SELECT string_agg(repeat('x', 1000000) || range, ',') FROM range(1000)",
        "SELECT a.range, b.range FROM range(100000) a, range(100000) b ORDER BY hash(a.range + b.range)",
    ],
)
def test_memory_has_an_end(tmp_path: Path, bomb: str) -> None:
    pool = Pool(Limits(memory=200 << 20, address_space=2 << 30, spill=50 << 20, seconds=60))
    try:
        with pytest.raises(EngineError, match=r"Out of Memory|memory|Died|failed to offload"):
            pool.run(job(tmp_path / "q", bomb), Ticket())
        assert pool.run(job(tmp_path / "p", "SELECT 1"), Ticket()) == [[1]]
    finally:
        pool.close()


def test_a_process_that_ran_out_of_memory_runs_no_other_query(tmp_path: Path) -> None:
    """It would not get all of its memory back, and the next query would fail for it."""
    pool = Pool(Limits(memory=200 << 20, spill=50 << 20, seconds=60))
    try:
        with pytest.raises(EngineError):
            pool.run(job(tmp_path / "q", "SELECT list(a.range) FROM range(100000) a, range(1000)"), Ticket())

        assert pool._idle == []
    finally:
        pool.close()


def test_the_server_goes_before_its_queries(pool: Pool, tmp_path: Path) -> None:
    pool.run(job(tmp_path / "q", "SELECT 1"), Ticket())
    (process,) = pool._idle

    assert os.getpriority(os.PRIO_PROCESS, process.pid) >= 5
    if (score := Path(f"/proc/{process.pid}/oom_score_adj")).exists():
        assert score.read_text().strip() == "1000"


def test_a_file_has_an_end(tmp_path: Path) -> None:
    pool = Pool(Limits(result=1 << 20, seconds=60))
    folder = tmp_path / "q"
    try:
        with pytest.raises(EngineError):
            pool.run(job(folder, f"COPY (SELECT * FROM range(10000000)) TO '{folder}/rows.csv'"), Ticket())
        assert sum(path.stat().st_size for path in folder.iterdir() if path.is_file()) <= 1 << 20
    finally:
        pool.close()


def test_workers_end_with_their_parent_even_in_the_middle_of_a_query(tmp_path: Path) -> None:
    program = f"""
import os, threading, time
from pathlib import Path
from localaws.athena.worker.limits import Limits
from localaws.athena.worker.pool import Job, Pool, Ticket
pool = Pool(Limits())
folder = Path({str(tmp_path / "q")!r})
folder.mkdir()
sql = "SELECT count(*) FROM range(1000000000) a, range(1000000000) b"
threading.Thread(target=pool.run, args=(Job((sql,), (), folder), Ticket()), daemon=True).start()
while not pool._busy:
    time.sleep(0.01)
print(next(iter(pool._busy)).pid, flush=True)
threading.Event().wait()
"""
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        worker = int(parent.stdout.readline())
        parent.send_signal(signal.SIGKILL)

    eventually(lambda: not alive(worker), "the end of the worker")


def alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    stat = Path(f"/proc/{process}/stat")
    return not (stat.exists() and ") Z " in stat.read_text())  # a zombie, which nobody has waited for


def test_nothing_is_left_behind(lake: Lake) -> None:
    lake.ask("SELECT 1")
    with pytest.raises(Failed):
        lake.ask("SELECT 1 / 0")

    eventually(
        lambda: list((lake.aws.folder / "athena").iterdir()) == [], "the removal of the queries' folders"
    )


def test_deep_nesting_is_refused_not_fatal(lake: Lake) -> None:
    for sql in (
        "SELECT " + "(" * 3000 + "1" + ")" * 3000,
        "SELECT " + "-" * 2 + "\n" + "NOT " * 3000 + "true",
    ):
        with pytest.raises((Failed, ClientError), match="STACK_OVERFLOW"):
            lake.ask(sql)
