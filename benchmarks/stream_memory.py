"""Whether the memory of ``stepcast stream`` stays flat: an hour of one-minute periods, or any number of them.

    python benchmarks/stream_memory.py [--items 10000] [--events 2] [--periods 60]

As benchmarks/stream.py, but the resident set of the worker is looked at every second, and its highest value
in each sixth of the periods is printed. The observations are in the topic before the worker reads them, so it
reads as fast as it can.
"""

import argparse
import json
import os
import subprocess
import tempfile
from dataclasses import replace
from pathlib import Path

from stream import FIRST, feed, make_predictor, prepared, run, worker

from tests.services import kafka
from tests.services.server import started

STEPS = 6


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--items", type=int, default=10_000)
    parser.add_argument("--events", type=int, default=2, help="of an item in a period")
    parser.add_argument("--periods", type=int, default=60)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, started(kafka.SERVICE, Path(folder) / "kafka") as server:
        measure(kafka.bootstrap(server), Path(folder), given.items, given.events, given.periods)


def measure(bootstrap: str, folder: Path, items: int, events: int, periods: int) -> None:
    names = [f"item-{number:05}" for number in range(items)]
    order = prepared(bootstrap, make_predictor(folder / "predictor", names), names, events)
    run(worker(order))  # examines every item
    count = feed(bootstrap, names, FIRST + 2, periods, events)
    print(f"{items:,} items, {periods} periods, {count:,} observations, load {os.getloadavg()[0]:.1f}")
    seen = followed(worker(replace(order, until_idle=10.0), stdout=subprocess.PIPE))
    begun = seen[0][0]
    size = -(-(seen[-1][0] - begun) // STEPS)
    highest: dict[int, int] = {}
    for made, memory in seen:
        step = min(STEPS, (made - begun) // size + 1)
        highest[step] = max(memory, highest.get(step, 0))
    for step, memory in highest.items():
        print(f"  up to {step * size:>9,} forecasts: {memory} MiB")


def followed(process: "subprocess.Popen[str]") -> list[tuple[int, int]]:
    """Forecasts that were made and MiB in memory, at each of the worker's reports."""
    found = []
    for line in process.stdout or ():
        partitions = json.loads(line)["report"]["partitions"].values()
        asked = subprocess.run(
            ["ps", "-o", "rss=", "-p", str(process.pid)], capture_output=True, text=True, check=False
        )
        if asked.stdout.strip() and partitions:
            made = sum(one["counts"]["forecasts"] for one in partitions)
            found.append((made, int(asked.stdout) >> 10))
    assert process.wait() == 0
    return found


if __name__ == "__main__":
    main()
