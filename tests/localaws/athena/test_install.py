"""How it plugs in: over moto while it is installed, moto as it was afterwards."""

from pathlib import Path

import moto.athena.urls
from moto.athena.responses import AthenaResponse

from localaws import LocalAws
from localaws.athena import install
from localaws.athena.executions import QueryExecution
from localaws.athena.service import Service
from localaws.deliveries import Deliveries
from localaws.s3.object_files import ObjectFiles
from localaws.s3.store import S3Store
from tests.localaws.athena.lake import Lake


def store(folder: Path) -> S3Store:
    return S3Store(ObjectFiles(folder / "objects"), Deliveries())


def test_undone_moto_is_as_it_was(tmp_path: Path) -> None:
    undo = install(store(tmp_path), tmp_path / "work")
    installed = moto.athena.urls.url_paths["{0}/$"]

    undo()

    assert installed != AthenaResponse.dispatch
    assert moto.athena.urls.url_paths["{0}/$"] == AthenaResponse.dispatch


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
    service = Service(store(tmp_path), tmp_path / "work")
    left = QueryExecution("id", {"QueryString": "SELECT 1"}, "primary", "s3://b/", "DML", "SELECT", "RUNNING")

    service.settle(left)
    service.close()

    assert left.to_api()["Status"]["State"] == "FAILED"
    assert "the server was stopped while the query ran: start it again" in str(left.reason)


def test_what_a_killed_server_left_in_its_folder_is_removed(tmp_path: Path) -> None:
    (tmp_path / "work" / "old-query").mkdir(parents=True)

    Service(store(tmp_path), tmp_path / "work").close()

    assert not (tmp_path / "work").exists()
