"""``make chaos``: 200 kills (or KILLS), which must lose nothing."""

import argparse
import sys
import tempfile
import time
from pathlib import Path

from tests.chaos.run import run


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        report = run(Path(folder) / "state", given.kills, given.seed, tell)
    sys.stdout.write(
        f"seed {given.seed}: {report.kills} kills, {report.acknowledged} things acknowledged, "
        f"{report.drops} drops with their forecast, {len(report.lost)} lost\n"
    )
    for what in report.lost:
        sys.stdout.write(f"  {what}\n")
    return 1 if report.lost else 0


def tell(text: str) -> None:
    sys.stderr.write(f"{text}\n")


if __name__ == "__main__":
    sys.exit(main())
