"""Thousands of items: only what is seen is asked for and drawn; totals of them."""

import http.client
import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

import numpy as np
import pytest
from console_scale import served

from tests.cli.processes import PATIENCE
from tests.console.browser import CHROMIUM, watched

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytest.importorskip("playwright", reason="needs Playwright, of the dependency group dev")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium (Debian: apt-get install chromium)")

ITEMS = 3000


@dataclass(frozen=True)
class Many:
    """A console on a generated set of many items; there are no runs."""

    address: str
    items: int

    def ask(self, path: str) -> tuple[int, Any]:
        """The status, and the document."""
        parts = urlsplit(self.address)
        with closing(http.client.HTTPConnection(parts.netloc, timeout=PATIENCE)) as connection:
            connection.request("GET", f"{parts.path}api/v1/{path}")
            response = connection.getresponse()
            return response.status, json.loads(response.read())

    def get(self, path: str) -> Any:
        status, document = self.ask(path)
        assert status == 200, document
        return document


@pytest.fixture(scope="module")
def many() -> Iterator[Many]:
    """One module's, because it serves from this process, and nothing else may meanwhile."""
    with served(ITEMS, history=40) as (address, _):
        yield Many(address, ITEMS)


def test_a_long_list_scrolls_to_its_end(many: Many, browser: "Browser") -> None:
    with watched(browser) as page:
        page.goto(f"{many.address}forecasts?sort=item&direction=down")
        page.get_by_text(f"{many.items:,} items").wait_for()
        page.get_by_role("link", name="vase-002994").wait_for()
        assert page.locator(".row").count() < 100
        page.locator(".scroller").evaluate("(box) => (box.scrollTop = box.scrollHeight)")
        page.get_by_role("link", name="chair-000002").wait_for()
        assert page.locator(".row").count() < 100
        page.get_by_label("Search items").fill("rug 0029")
        page.get_by_text(f"16 of {many.items:,} items").wait_for()
        assert page.get_by_role("link", name="rug-").count() == 16


def test_totals_by_an_attribute_say_that_they_are_approximate(many: Many, browser: "Browser") -> None:
    with watched(browser) as page:
        page.goto(f"{many.address}forecasts?search=rug")
        page.get_by_role("link", name="Totals").click()
        page.get_by_label("Group by").select_option("kind")
        page.get_by_role("button", name="rug", exact=True).click()
        page.get_by_role("heading", name="rug 428 items").wait_for()
        page.get_by_text("p10 to p90, approximate").wait_for()
        page.get_by_text("the correlation of their errors is 0.").wait_for()
        shared = page.url
        page.get_by_role("button", name="Table").click()
        page.get_by_role("columnheader", name="p90, approx.").wait_for()
        page.goto(shared)
        page.get_by_role("heading", name="rug 428 items").wait_for()


def test_related_series_move_with_the_chart(many: Many, browser: "Browser") -> None:
    """Their left edges show the same moment after the chart was moved."""
    with watched(browser) as page:
        page.goto(f'{many.address}forecasts/item?key=["rug-000004"]')
        related = page.get_by_role("img", name="price, a related series")
        related.wait_for()
        before = related.screenshot()
        page.get_by_role("img", name="History and forecast").press("+")
        page.wait_for_url("**from=*")
        assert related.screenshot() != before


def test_the_groups_of_an_attribute_add_up_to_all(many: Many) -> None:
    told = many.get("totals?by=kind")

    assert told["attributes"] == ["kind"]
    assert sum(group["items"] for group in told["groups"]) == told["items"] == many.items
    assert sum(group["volume"] for group in told["groups"]) == pytest.approx(told["volume"])
    rugs = many.get("totals?by=kind&search=rug")["groups"]
    assert [(group["value"], group["items"]) for group in rugs] == [("rug", 428)]
    assert many.ask("totals?by=size")[0] == 400


def test_the_total_of_some_items_is_the_sum_of_theirs(many: Many) -> None:
    total = many.get("total?search=rug+0000")
    rows = many.get("items?search=rug+0000")["items"]
    series = [many.get(f"series?key={quote(json.dumps(row['key']))}") for row in rows]

    assert total["items"] == len(rows) > 10
    assert total["volume"] == pytest.approx(sum(row["volume"] for row in rows))
    assert total["forecast"]["t"] == series[0]["forecast"]["t"]
    middle = np.sum([one["forecast"]["outputs"]["p50"] for one in series], axis=0)
    assert total["forecast"]["outputs"]["p50"] == pytest.approx(middle.tolist())
    assert total["history"]["v"] == pytest.approx(np.sum([one["history"]["v"] for one in series], axis=0))
    widest = np.sum([one["forecast"]["outputs"]["p10"] for one in series], axis=0)
    assert (np.array(total["forecast"]["outputs"]["p10"]) >= widest).all()
    assert 0 <= total["correlation"] < 0.5
    assert many.get("total?by=kind&value=%22rug%22")["items"] == 428


def test_the_total_of_one_item_is_its_own_forecast(many: Many) -> None:
    total = many.get("total?search=rug-000004")
    own = many.get(f"series?key={quote(json.dumps(['rug-000004']))}")

    assert (total["items"], total["correlation"]) == (1, None)
    for name, values in own["forecast"]["outputs"].items():
        assert total["forecast"]["outputs"][name] == pytest.approx(values)
    assert many.ask("total?search=nothing")[0] == 404


def test_a_series_has_its_related_series_also_ahead(many: Many) -> None:
    told = many.get(f"series?key={quote(json.dumps(['rug-000004']))}")

    (price,) = told["related"]
    assert price["name"] == "price"
    assert price["t"] == told["history"]["t"] + told["forecast"]["t"]
    assert set(price["v"]) == {8.5, 9.5}
