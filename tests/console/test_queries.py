"""SQL over HTTP, through Athena's API."""

import time
from typing import Any

import pytest

from tests.cli.processes import PATIENCE
from tests.console.conftest import Site


def run(site: Site, sql: str) -> Any:
    """The state in which a query ends."""
    answer = site.send("queries", {"sql": sql})
    assert answer.status == 200, answer.json
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        state = site.get(f"query?id={answer.json['id']}")
        if state["state"] in ("SUCCEEDED", "FAILED", "CANCELLED"):
            return {**state, "id": answer.json["id"]}
        time.sleep(0.05)  # between two looks
    pytest.fail("the query does not end")


def test_tables_have_their_columns(site: Site) -> None:
    tables = {table["name"]: table["columns"] for table in site.get("tables")["tables"]}

    assert {"train", "forecast", "forecast_history", "leaderboard"} <= set(tables)
    assert {"name": "demand", "type": "double"} in tables["forecast"]
    assert {"name": "vintage", "type": "string"} in tables["forecast_history"]


def test_a_query_has_columns_and_rows(site: Site) -> None:
    state = run(site, "SELECT type, count(*) AS n, NULL AS nothing FROM forecast GROUP BY 1 ORDER BY 1")

    told = site.get(f"rows?id={state['id']}")
    assert [column["name"] for column in told["columns"]] == ["type", "n", "nothing"]
    assert told["rows"] == [["p10", "28", None], ["p50", "28", None], ["p90", "28", None]]
    assert told["next"] is None


def test_more_rows_than_a_page_have_a_next_one(site: Site) -> None:
    state = run(site, "SELECT a.timestamp FROM train a JOIN train b ON a.item_id = b.item_id")

    first = site.get(f"rows?id={state['id']}")
    second = site.get(f"rows?id={state['id']}&token={first['next']}")
    assert (len(first["rows"]), len(second["rows"])) == (999, 1000)  # the first page has the header, too
    assert second["rows"][0] != ["timestamp"]


def test_an_error_has_its_place(site: Site) -> None:
    state = run(site, "SELECT item_id,\n  itm FROM forecast")

    assert state["state"] == "FAILED"
    assert "itm" in state["message"]
    assert state["place"] == {"line": 2, "column": 3}


@pytest.mark.parametrize("body", [{}, {"sql": ""}, {"sql": 3}, []])
def test_what_is_no_statement_is_refused(site: Site, body: Any) -> None:
    assert site.send("queries", body).status == 400


def test_what_is_no_query_is_refused(site: Site) -> None:
    assert site.ask("api/v1/query?id=../x").status == 400
    assert site.ask(f"api/v1/query?id={'0' * 8}-{'0' * 4}-{'0' * 4}-{'0' * 4}-{'0' * 12}").status == 404
