"""Every page in a real browser."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from tests.console.browser import CHROMIUM, watched
from tests.console.conftest import EVIL, Site

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytest.importorskip("playwright", reason="needs Playwright, of the dependency group dev")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium (Debian: apt-get install chromium)")

AXE = Path(__file__).parents[2] / "console" / "node_modules" / "axe-core" / "axe.min.js"


@pytest.fixture
def page(browser: "Browser") -> Iterator["Page"]:
    with watched(browser) as opened:
        yield opened


def link(site: Site, name: str, **query: str) -> str:
    given = "".join(f"&{key}={value}" for key, value in query.items())
    return f'{site.address}forecasts/item?key=["{name}","Köln"]{given}'


def test_the_list_sorts_searches_and_leads_to_an_item(site: Site, page: "Page") -> None:
    page.goto(site.address)
    page.get_by_role("button", name="vs naive").click()
    page.locator("[aria-sort=descending]", has_text="vs naive").wait_for()
    page.keyboard.press("/")
    page.keyboard.type("floor")
    page.get_by_text("1 of 4 items").wait_for()
    shared = page.url
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="floor lamp · Köln").wait_for()

    page.go_back()
    page.get_by_text("1 of 4 items").wait_for()
    assert page.url == shared
    assert "search=floor" in shared
    assert "sort=ratio" in shared


def test_an_item_shows_its_chart_reasons_and_values(site: Site, page: "Page") -> None:
    page.goto(link(site, "desk lamp"))
    page.get_by_role("img", name=re.compile("History and forecast")).wait_for()

    assert page.get_by_role("heading", name="Why this forecast").is_visible()
    assert page.locator(".plot canvas").evaluate(
        "(one) => one.getContext('2d').getImageData(0, 0, one.width, one.height).data.some((byte) => byte)"
    )
    page.get_by_role("button", name="Table").click()
    rows = page.get_by_role("region", name="Values").get_by_role("row")
    assert rows.count() == 1 + 7
    assert "view=table" in page.url


def drag(page: "Page") -> None:
    """Move the chart to the right, if there is one at the moment."""
    if (box := page.locator(".plot .u-over").bounding_box()) is not None:
        page.mouse.move(box["x"] + 200, box["y"] + 100)
        page.mouse.down()
        page.mouse.move(box["x"] + 400, box["y"] + 100, steps=4)
        page.mouse.up()


def test_a_link_reproduces_the_view(site: Site, browser: "Browser") -> None:
    with watched(browser) as page:
        page.goto(link(site, "desk lamp"))
        page.get_by_text("Earlier vintages").click()
        page.locator(".menu input").check()
        page.locator(".legend").get_by_text("Earlier vintages").wait_for()
        for _ in range(60):
            if "&to=" in page.url:
                break
            drag(page)  # again where the chart was drawn anew meanwhile
            page.wait_for_timeout(500)
        assert re.search(r"from=\d+&to=\d+", page.url)
        page.keyboard.press("Escape")
        url, drawn = page.url, page.locator(".legend").inner_text()
        assert "Earlier vintages" in drawn
    with watched(browser) as page:
        page.goto(url)
        page.get_by_text("Earlier vintages (1)").wait_for()
        page.locator(".plot .u-over").wait_for()
        assert page.locator(".legend").inner_text() == drawn
        assert page.url == url


def test_the_csv_is_downloaded(site: Site, page: "Page") -> None:
    page.goto(link(site, "desk lamp"))
    with page.expect_download() as download:
        page.get_by_role("link", name="Download CSV").click()

    assert download.value.suggested_filename.startswith("desk-lamp-K-ln-")
    assert download.value.path().read_text().startswith("item_id,location,timestamp,observed,p10,p50,p90\n")


def test_a_name_never_becomes_markup(site: Site, page: "Page") -> None:
    page.goto(f"{site.address}forecasts?search=onerror")
    page.get_by_role("link", name=EVIL).click()
    page.get_by_role("heading", name=EVIL).wait_for()

    assert page.locator("main img").count() == 0
    assert page.title() == f"{EVIL} · Köln · Stepcast"


def test_a_failed_run_shows_where_and_what_to_change(site: Site, page: "Page") -> None:
    page.goto(f"{site.address}runs")
    page.get_by_role("link", name=site.failed[:8], exact=True).click()

    alert = page.get_by_role("alert")
    alert.wait_for()
    assert "ImportData failed: InvalidInputException" in alert.inner_text()
    assert "Write only the number: 3.50" in alert.inner_text()
    assert (
        page.get_by_role("button", name=re.compile("ImportData .*: failed")).get_attribute("aria-pressed")
        == "true"
    )
    page.get_by_role("button", name=re.compile("CreateDataset .*: succeeded")).press("Enter")
    page.get_by_role("heading", name="CreateDataset").wait_for()
    page.get_by_role("button", name="Input", exact=True).click()
    page.get_by_text('"run"').wait_for()


def test_sql_answers_and_shows_errors_at_their_place(site: Site, page: "Page") -> None:
    page.goto(f"{site.address}sql?q=SELECT item_id, itm FROM leaderboard")
    editor = page.get_by_label("SQL", exact=True)
    editor.press("Control+Enter")
    page.get_by_role("alert").wait_for()
    assert page.locator(".cm-lintRange-error").inner_text() == "itm"
    editor.press("Control+a")
    page.keyboard.type("SELECT 7 * 6 AS answer")
    page.get_by_role("button", name="Run", exact=True).click()
    page.get_by_role("cell", name="42").wait_for()
    assert page.get_by_role("alert").count() == 0
    page.get_by_text("forecast_wide").click()
    page.get_by_role("button", name="p90").wait_for()


def test_params_are_checked_while_they_are_written(site: Site, page: "Page") -> None:
    page.goto(f"{site.address}data")
    page.get_by_text("No errors").wait_for()
    save = page.get_by_role("button", name="Save")
    assert save.is_disabled()
    page.get_by_role("button", name="Text").click()
    page.get_by_role("textbox", name="params.json").press("Control+a")
    page.keyboard.insert_text('{"Forecast": 3}')
    page.get_by_label("Problems").get_by_text("$.DatasetGroup").wait_for()
    assert save.is_disabled()


def test_params_are_a_form_of_the_schema(site: Site, page: "Page") -> None:
    """What is typed is checked at its field, and is what the text then says."""
    page.goto(f"{site.address}data")
    horizon = page.get_by_label("Predictor ForecastHorizon")
    horizon.fill("many")
    page.get_by_role("list", name="Problems").get_by_text('"many" is not allowed').wait_for()
    assert page.get_by_role("button", name="Save").is_disabled()
    horizon.fill("14")
    page.get_by_text("Not saved yet").wait_for()
    page.get_by_label("Add to Predictor", exact=True).select_option("OptimizationMetric")
    page.get_by_label("Predictor OptimizationMetric").select_option("MASE")
    page.get_by_role("button", name="Remove OptimizationMetric").click()
    page.get_by_role("button", name="Text").click()
    text = page.get_by_role("textbox", name="params.json")
    assert '"ForecastHorizon": 14' in text.inner_text()
    assert "OptimizationMetric" not in text.inner_text()


DROP = """([box, name, text]) => {
  const data = new DataTransfer();
  data.items.add(new File([text], name, {type: "text/csv"}));
  box.dispatchEvent(new DragEvent("drop", {dataTransfer: data, bubbles: true, cancelable: true}));
}"""


def test_a_new_file_dropped_on_params_has_one_drafted(site: Site, page: "Page") -> None:
    """Nothing is saved or uploaded before somebody says so."""
    before = site.get("files")
    page.goto(f"{site.address}data")
    box = page.get_by_role("region", name="params.json").element_handle()
    days = np.datetime64("2026-01-01") + np.arange(60)
    rows = "".join(f"rug,{day},{number % 7}\n" for number, day in enumerate(days))
    page.evaluate(DROP, [box, "rugs.csv", "item_id,timestamp,target_value\n" + rows])
    page.get_by_text("What the draft assumes").wait_for()

    page.get_by_role("button", name="Save, and upload rugs.csv").wait_for()
    assert page.get_by_label("Predictor FeaturizationConfig ForecastFrequency").input_value() == "D"
    assert site.get("files") == before


def test_a_file_is_dropped_and_deleted(site: Site, page: "Page", tmp_path: Path) -> None:
    (tmp_path / "prices.csv").write_text("desk lamp,2026-01-01,3\n")
    page.goto(f"{site.address}data")
    page.get_by_label("Files for metadata/").set_input_files(tmp_path / "prices.csv")
    page.get_by_role("rowheader", name="prices.csv").wait_for()
    page.get_by_role("button", name="Delete prices.csv").click()
    page.get_by_role("button", name="Delete it?").click()
    page.get_by_role("rowheader", name="prices.csv").wait_for(state="detached")


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_nobody_is_left_out(site: Site, browser: "Browser", dark: bool) -> None:
    """axe-core finds no serious issue: contrast, names of controls, roles, focus."""
    if not AXE.exists():
        pytest.skip("needs axe-core (npm ci in console/)")
    paths = (
        "forecasts",
        "forecasts/totals?by=location",
        f"runs/compare?before={site.first}&after={site.second}",
        'forecasts/item?key=["desk lamp","Köln"]',
        "runs",
        f"runs/{site.failed}",
        "data",
        "sql",
        "operations",
    )
    # Only colors differ in the dark: axe-core's other rules take most of its time.
    options = "{runOnly: ['color-contrast']}" if dark else "{}"
    with watched(browser, dark=dark) as page:
        found: dict[str, Any] = {}
        for path in paths:
            page.goto(site.address + path)
            page.wait_for_load_state("networkidle")
            page.evaluate(AXE.read_text())
            issues = page.evaluate(f"axe.run({options}).then((told) => told.violations)")
            found[path] = [
                (issue["id"], [node["html"] for node in issue["nodes"]][:3])
                for issue in issues
                if issue["impact"] in ("serious", "critical")
            ]
    assert {path: issues for path, issues in found.items() if issues} == {}


def test_a_narrow_screen_does_not_scroll_sideways(site: Site, browser: "Browser") -> None:
    with watched(browser, width=390) as page:
        for path in (
            "forecasts",
            "forecasts/totals?by=location",
            f"runs/compare?before={site.first}&after={site.second}",
            'forecasts/item?key=["desk lamp","Köln"]',
            "runs",
            f"runs/{site.second}",
            "data",
            "sql",
            "operations",
        ):
            page.goto(site.address + path)
            page.wait_for_load_state("networkidle")
            assert page.evaluate("document.documentElement.scrollWidth") <= 390, path
            assert page.evaluate("document.querySelector('main').scrollWidth") <= 390, path
