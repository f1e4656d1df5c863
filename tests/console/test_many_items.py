"""Thousands of items: only what is seen is asked for and drawn."""

from typing import TYPE_CHECKING

import pytest

from tests.console.browser import CHROMIUM, watched
from tests.console.conftest import Many

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytest.importorskip("playwright", reason="needs Playwright, of the dependency group dev")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium (Debian: apt-get install chromium)")


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
