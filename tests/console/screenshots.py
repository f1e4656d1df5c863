"""``python -m tests.console.screenshots``: take the pictures of docs/how-to/console.md again.

It forecasts testing-data/ twice, first without the last three days, and uploads a file with an error.
"""

import io
import json
import tempfile
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from PIL import Image

from tests.cli.processes import serving
from tests.console.browser import browsing, watched
from tests.console.conftest import clients, ended

ROOT = Path(__file__).parents[2]
PICTURES = ROOT / "docs" / "how-to" / "console"
LAST_DAYS = ("2025-06-28", "2025-06-29", "2025-06-30")


def main() -> None:
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        with serving(folder / "state", "--settle-seconds", "0") as served:
            failed = prepare(served.facts, folder)
            take(served.facts, failed)


def prepare(facts: Mapping[str, Any], folder: Path) -> str:
    """Two forecasts and a failed run, whose name is returned."""
    old, new = sorted((ROOT / "testing-data" / "train").glob("*.csv"))
    lines = new.read_text().splitlines(keepends=True)
    (folder / new.name).write_text("".join(line for line in lines if not line.startswith(LAST_DAYS)))
    (folder / "bad.csv").write_text("2025-07-01 00:00:00,$1.20,attic\n")
    with clients(facts, "s3") as s3, clients(facts, "stepfunctions") as states:
        s3.upload_file(str(ROOT / "params.json"), facts["bucket"], "params.json")
        for files in ((old, folder / new.name), (new,), (folder / "bad.csv",)):
            for path in files:
                s3.upload_file(str(path), facts["bucket"], f"train/{path.name}")
            name = ended(states, s3, facts)
    return name


def take(facts: Mapping[str, Any], failed: str) -> None:
    """Pictures of an item and of the data in light colors, one of a run in dark ones."""
    PICTURES.mkdir(exist_ok=True)
    address = facts["console"]
    with urllib.request.urlopen(f"{address}api/v1/overview") as answer:  # noqa: S310 - this machine's
        (earlier,) = json.loads(answer.read())["history"]
    with browsing() as browser:
        for name, path, dark in (
            ("item", f'forecasts/item?key=["villa"]&over={earlier}&backtest=0', False),
            ("run", f"runs/{failed}", True),
            ("data", "data", False),
        ):
            with watched(browser, dark=dark) as page:
                page.goto(address + path)
                page.wait_for_load_state("networkidle")
                if (tab := page.get_by_role("button", name="Input", exact=True)).count():
                    tab.click()  # the log names folders of whoever takes the picture
                picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
                picture.quantize(128).save(PICTURES / f"{name}.png", optimize=True)


if __name__ == "__main__":
    main()
