"""The API of the forecasts, over HTTP, on what real runs left."""

import csv
import io
import json
from typing import Any
from urllib.parse import quote

import pytest

from tests.cli import small_input
from tests.console.conftest import EVIL, Site


def series(site: Site, item: str, **query: str) -> Any:
    given = "".join(f"&{name}={value}" for name, value in query.items())
    return site.get(f"series?key={quote(json.dumps([item, small_input.SHOP]))}{given}")


def test_the_overview_names_the_current_forecast_and_the_earlier_one(site: Site) -> None:
    told = site.get("overview")

    assert (told["bucket"], told["forecast"]["items"]) == (site.serving.facts["bucket"], 4)
    assert (told["forecast"]["run"], told["forecast"]["outputs"]) == (site.second, ["p10", "p50", "p90"])
    assert told["forecast"]["first"] == "2026-03-12T00:00:00"
    assert len(told["history"]) == 1


def test_items_come_in_the_order_that_is_asked_for(site: Site) -> None:
    page = site.get("items?sort=volume")

    volumes = [item["volume"] for item in page["items"]]
    assert (page["total"], page["found"], page["key_names"]) == (4, 4, ["item_id", "location"])
    assert volumes == sorted(volumes, reverse=True)
    assert page["items"][0]["key"] == [EVIL, small_input.SHOP]
    names = [item["key"][0] for item in site.get("items?sort=item")["items"]]
    assert names == [EVIL, "desk lamp", "floor lamp", "street lamp"]


def test_a_search_finds_parts_of_names_whatever_their_case(site: Site) -> None:
    assert [item["key"][0] for item in site.get("items?search=FLOOR")["items"]] == ["floor lamp"]
    assert site.get("items?search=lamp+desk")["found"] == 1
    assert site.get(f"items?search={quote('köln')}")["found"] == 4
    assert site.get("items?search=rug")["items"] == []


def test_a_page_of_the_list_continues_the_one_before(site: Site) -> None:
    whole = [item["key"] for item in site.get("items?sort=ratio")["items"]]
    part = [item["key"] for item in site.get("items?sort=ratio&offset=1&limit=2")["items"]]

    assert part == whole[1:3]


def test_change_compares_with_the_vintage_before(site: Site) -> None:
    changes = {item["key"][0]: item["change"] for item in site.get("items?sort=change")["items"]}
    now = sum(series(site, "desk lamp")["forecast"]["outputs"]["p50"])
    (vintage,) = site.get("overview")["history"]
    key = quote(json.dumps(["desk lamp", small_input.SHOP]))
    before = sum(site.get(f"earlier?key={key}&vintage={vintage}")["outputs"]["p50"])

    assert changes["desk lamp"] == pytest.approx(now / before - 1)
    assert changes["street lamp"] is None  # it was not there


def test_a_series_has_its_history_forecast_backtest_and_reasons(site: Site) -> None:
    told = series(site, "desk lamp")

    day = 24 * 60 * 60
    assert len(told["history"]["t"]) == small_input.DAYS
    assert told["history"]["filled"] == []
    assert told["forecast"]["t"][0] == told["history"]["t"][-1] + day
    low, middle, high = (told["forecast"]["outputs"][name] for name in ("p10", "p50", "p90"))
    assert all(a <= b <= c for a, b, c in zip(low, middle, high, strict=True))
    assert told["summary"]["volume"] == pytest.approx(sum(middle))
    (window,) = told["windows"]
    assert window["t"] == told["history"]["t"][-small_input.HORIZON :]
    assert window["actual"] == told["history"]["v"][-small_input.HORIZON :]
    error = [abs(a - b) for a, b in zip(window["actual"], window["outputs"]["p50"], strict=True)]
    assert [row["error"] for row in told["by_lead"]] == pytest.approx(error)
    assert told["why"]["model"] == "NPTS"


def test_a_name_is_only_a_name(site: Site) -> None:
    assert series(site, EVIL)["key"] == [EVIL, small_input.SHOP]


def test_an_earlier_vintage_is_what_it_was(site: Site) -> None:
    (vintage,) = site.get("overview")["history"]
    told = series(site, "desk lamp", vintage=vintage)

    assert told["vintage"] == vintage
    assert told["forecast"]["t"] != series(site, "desk lamp")["forecast"]["t"]
    assert told["history"] is None  # it is kept for the newest only


def test_the_csv_has_what_the_page_has(site: Site) -> None:
    answer = site.ask(f"api/v1/series.csv?key={quote(json.dumps(['desk lamp', small_input.SHOP]))}")

    rows = list(csv.DictReader(io.StringIO(answer.body.decode())))
    told = series(site, "desk lamp")
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert 'filename="desk-lamp-K-ln-' in answer.headers["Content-Disposition"]
    assert len(rows) == small_input.DAYS + small_input.HORIZON
    observed = [float(row["observed"]) for row in rows if row["observed"]]
    assert observed == told["history"]["v"]
    assert [float(row["p90"]) for row in rows if row["p90"]] == told["forecast"]["outputs"]["p90"]


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("items?sort=size", 400, "sort must be one of item, volume"),
        ("items?offset=-1", 400, "offset must be a whole number, not '-1'"),
        ("items?vintage=../../params", 400, "is not a vintage"),
        ("items?vintage=2020-01-01T00-00-00Z", 404, "there is no vintage 2020-01-01T00-00-00Z"),
        ("series?key=lamp", 400, "key must be a JSON list of texts"),
        ("series?key=%5B%22sofa%22%5D", 404, "has no series 'sofa'"),
        ("everything", 404, 'the API has nothing called "everything"'),
    ],
)
def test_what_cannot_be_answered_says_why(site: Site, path: str, status: int, words: str) -> None:
    answer = site.ask(f"api/v1/{path}")

    assert (answer.status, words in answer.json["message"]) == (status, True), answer.json
