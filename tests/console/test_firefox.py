"""Every page once in Firefox; the other tests use Chromium."""

import pytest

from tests.console.conftest import Site
from tests.console.firefox import FIREFOX, browsing

pytestmark = pytest.mark.skipif(FIREFOX is None, reason="needs Firefox (Debian: apt-get install firefox-esr)")

TYPE = """const [label, text] = arguments, field = document.querySelector(`[aria-label="${label}"]`);
Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value").set.call(field, text);
field.dispatchEvent(new Event("input", {bubbles: true}))"""
DRAWN = """(() => {
  const one = document.querySelector(".plot canvas");
  return one && one.getContext("2d").getImageData(0, 0, one.width, one.height).data.some((byte) => byte);
})()"""
HAS = "document.body.innerText.includes(arguments[0])"


def test_every_page_works_and_causes_no_error(site: Site) -> None:
    with browsing() as firefox:

        def shows(path: str, *texts: str) -> None:
            firefox.open(site.address + path)
            for text in texts:
                firefox.until(HAS, text)

        shows("forecasts", "4 items", "street lamp")
        firefox.run(TYPE, "Search items", "floor")
        firefox.until(HAS, "1 of 4 items")
        shows('forecasts/item?key=["desk lamp","Köln"]', "Why this forecast", "By lead time")
        firefox.until(DRAWN)
        firefox.run("""document.querySelector(".plot .u-over").dispatchEvent(
          new WheelEvent("wheel", {deltaY: -100, bubbles: true, cancelable: true}))""")
        firefox.until('location.search.includes("from=")')
        shows("forecasts/totals?by=location", "Köln", "p10 to p90, approximate")
        shows("runs", site.failed[:8])
        shows(
            f"runs/{site.failed}", "ImportData failed: InvalidInputException", "Write only the number: 3.50"
        )
        shows(f"runs/compare?before={site.first}&after={site.second}", "Whose forecast moved most")
        shows("data", "desk_lamp.csv", "ForecastHorizon", "No errors")
        firefox.run(TYPE, "Predictor ForecastHorizon", "many")
        firefox.until(HAS, '"many" is not allowed')
        shows("sql?q=SELECT 7 * 6 AS answer", "forecast_wide")
        firefox.run('[...document.querySelectorAll("button")].find((one) => one.innerText === "Run").click()')
        firefox.until('document.querySelector(".result td")?.innerText === "42"')
        shows("operations", "Alarms", "cleaned_up")
        assert firefox.faults() == []
