"""Thousands of items: only what is seen is asked for and drawn."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from console_scale import served

from tests.console.browser import CHROMIUM, watched

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytest.importorskip("playwright", reason="needs Playwright, of the dependency group dev")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium (Debian: apt-get install chromium)")

ITEMS = 3000


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with served(ITEMS, history=40) as (found, _):
        yield found


def test_a_long_list_scrolls_to_its_end(address: str, browser: "Browser") -> None:
    with watched(browser) as page:
        page.goto(f"{address}forecasts?sort=item&direction=down")
        page.get_by_text(f"{ITEMS:,} items").wait_for()
        page.get_by_role("link", name="vase-002994").wait_for()
        assert page.locator(".row").count() < 100
        page.locator(".scroller").evaluate("(box) => (box.scrollTop = box.scrollHeight)")
        page.get_by_role("link", name="chair-000002").wait_for()
        assert page.locator(".row").count() < 100
        page.get_by_label("Search items").fill("rug 0029")
        page.get_by_text(f"16 of {ITEMS:,} items").wait_for()
        assert page.get_by_role("link", name="rug-").count() == 16
