"""``stepcast report``: one file to pass on."""

import re
import urllib.error
import urllib.request
from html.parser import HTMLParser

import pytest
from typer.testing import CliRunner

from stepcast.cli.app import app
from tests.console.conftest import EVIL, Site


class Elements(HTMLParser):
    """The texts of a page, the names of its elements, and of their attributes as ``element attribute``."""

    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found |= {tag, *(f"{tag} {name}" for name, _ in attrs)}

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


@pytest.fixture(scope="module")
def page(site: Site, tmp_path_factory: pytest.TempPathFactory) -> str:
    out = tmp_path_factory.mktemp("report") / "report.html"
    answer = CliRunner().invoke(
        app, ["report", "--out", str(out), "--top", "2", "--endpoint", site.serving.facts["endpoint"]]
    )
    assert (answer.exit_code, answer.stdout.strip()) == (0, str(out)), answer.output
    return out.read_text("utf-8")


def test_a_report_has_the_largest_items_with_their_figures(site: Site, page: str) -> None:
    first, second = site.get("items?sort=volume&limit=2")["items"]

    assert page.count("<section>") == page.count("<svg ") == 2
    assert "<h2>The 2 largest of 4 items</h2>" in page
    figures = re.findall(r"Volume ([\d.]+) · wQL ([\d.]+)", page)
    assert [float(volume) for volume, _ in figures] == [
        pytest.approx(one["volume"], abs=0.05) for one in (first, second)
    ]
    assert "What changed most since" in page
    assert re.search(r"desk lamp · Köln</th><td class=number>[\d.]+</td><td class=number>[+-][\d.]+%", page)


def test_a_report_needs_no_other_file_and_runs_nothing(page: str) -> None:
    read = Elements()
    read.feed(page)

    assert EVIL in "".join(read.texts)
    assert read.found & {"script", "img", "link", "iframe", "a", "form"} == set()
    assert not any(name.endswith((" src", " href")) or " on" in name for name in read.found)
    assert "url(" not in page
    assert "default-src 'none'" in page


def test_a_run_sends_a_link_that_opens_its_report_without_keys(site: Site) -> None:
    """The function's role is enforced: it may read what a report shows."""
    bodies = [one["body"] for one in site.get("operations")["messages"] if "is ready" in one["subject"]]
    first, second = (
        re.search(r"^Report, .*: (http://\S+)$", body, re.MULTILINE) for body in reversed(bodies)
    )
    assert first is not None
    assert second is not None
    with urllib.request.urlopen(second[1]) as answer:  # noqa: S310 - this machine's
        text = answer.read().decode()
        assert answer.headers["Content-Type"] == "text/html; charset=utf-8"

    assert re.search(rf"/reports/{site.second}/[^/]+/report\.html\?", second[1])
    assert "<h2>The 4 largest of 4 items</h2>" in text
    assert site.second in text
    assert f"/reports/{site.first}/" in first[1]
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(second[1].partition("?")[0])  # noqa: S310 - this machine's
