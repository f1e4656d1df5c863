"""How it plugs in: over moto while it is installed, moto as it was afterwards."""

from pathlib import Path
from typing import Any

import boto3
import moto.athena.urls
from moto.athena.responses import AthenaResponse
from moto.server import ThreadedMotoServer

from localaws import LocalAws
from localaws.athena import install
from localaws.athena.executions import QueryExecution
from localaws.athena.service import Service
from tests.localaws.athena.folder_store import FolderStore
from tests.localaws.athena.lake import Lake
from tests.localaws.waiting import eventually


def test_undone_moto_is_as_it_was(tmp_path: Path) -> None:
    undo = install(FolderStore(tmp_path), tmp_path / "work")
    installed = moto.athena.urls.url_paths["{0}/$"]

    undo()

    assert installed != AthenaResponse.dispatch
    assert moto.athena.urls.url_paths["{0}/$"] == AthenaResponse.dispatch


def test_any_server_of_moto_will_do(tmp_path: Path) -> None:
    (tmp_path / "bucket").mkdir()
    undo = install(FolderStore(tmp_path), tmp_path / "work")
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    try:
        server.start()
        host, port = server.get_host_and_port()
        keys = {"aws_access_key_id": "x", "aws_secret_access_key": "x", "region_name": "us-east-1"}
        athena = boto3.client("athena", endpoint_url=f"http://{host}:{port}", **keys)
        where = {"OutputLocation": "s3://bucket/results/"}
        query = athena.start_query_execution(QueryString="SELECT 1 AS x", ResultConfiguration=where)[
            "QueryExecutionId"
        ]
        eventually(lambda: state(athena, query) == "SUCCEEDED", "the end of the query")

        written = tmp_path / "bucket" / "results" / f"{query}.csv"
        assert written.read_bytes() == b'"x"\n"1"\n'
    finally:
        server.stop()
        undo()


def state(athena: Any, query: str) -> str:
    found: str = athena.get_query_execution(QueryExecutionId=query)["QueryExecution"]["Status"]["State"]
    return found


def test_executions_and_their_results_outlive_a_restart(tmp_path: Path) -> None:
    with LocalAws(state=tmp_path / "state") as aws:
        before = Lake(aws)
        query = before.start("SELECT 7 AS x")
        before.wait(query)

    with LocalAws(state=tmp_path / "state") as aws:
        athena = aws.client("athena")
        execution = athena.get_query_execution(QueryExecutionId=query)["QueryExecution"]
        rows = athena.get_query_results(QueryExecutionId=query)["ResultSet"]["Rows"]

    assert execution["Status"]["State"] == "SUCCEEDED"
    assert rows == [{"Data": [{"VarCharValue": "x"}]}, {"Data": [{"VarCharValue": "7"}]}]


def test_an_execution_that_a_stopped_server_left_running_fails_and_says_so(tmp_path: Path) -> None:
    service = Service(FolderStore(tmp_path), tmp_path / "work")
    left = QueryExecution("id", {"QueryString": "SELECT 1"}, "primary", "s3://b/", "DML", "SELECT", "RUNNING")

    service.settle(left)
    service.close()

    assert left.to_api()["Status"]["State"] == "FAILED"
    assert "the server stopped while the query was running: run it again" in str(left.reason)


def test_what_a_killed_server_left_in_its_folder_is_removed(tmp_path: Path) -> None:
    (tmp_path / "work" / "old-query").mkdir(parents=True)

    Service(FolderStore(tmp_path), tmp_path / "work").close()

    assert not (tmp_path / "work").exists()
