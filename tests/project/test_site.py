"""The documentation as a site: links lead somewhere, notebooks run, nothing is loaded from elsewhere."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
def test_the_site_is_built_without_a_warning(tmp_path: Path) -> None:
    site = tmp_path / "site"
    command = [sys.executable, "-m", "mkdocs", "build", "--quiet", "--site-dir", str(site)]
    built = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    pages = {str(page.relative_to(site)): page.read_text() for page in site.glob("**/*.html")}

    assert built.returncode == 0, built.stderr
    assert {"index.html", "tutorial/first-forecast.html", "decisions/index.html"} < pages.keys()
    assert "<h2" in pages["reference/python.html"]
    assert "predict" in pages["reference/python.html"]
    assert "--train" in pages["reference/command-line.html"]
    assert "ForecastHorizon" in pages["reference/params-schema.html"]
    assert "with the plan" in pages["notebooks/first_forecast.html"]
    loaded = r'<(?:script|link|img|iframe)[^>]*(?:src|href)="https?://[^"]*"'
    assert [found for page in pages.values() for found in re.findall(loaded, page)] == []
