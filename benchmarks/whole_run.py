"""What a whole `stepcast run` costs beside the engine alone: CPU of all processes, as a ratio, and memory.

python benchmarks/whole_run.py [--series 1000,10000]

Monthly series of a made-up shop, 24 to 120 months, 12 ahead. The engine alone is `stepcast.Forecaster` in a
process of its own, imports and compiled code included. The run has its own local stack and ends with its
files, as a user would have it. CPU is user and system time of the process and all its children. Memory is
the most that all of them had at once, four times a second: PSS, which counts a page that is shared by n
processes as an n-th in each.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

HERE = Path(__file__).parents[1]
ALONE = """
import sys, json, warnings
import pandas as pd, stepcast
warnings.simplefilter("ignore")
forecaster = stepcast.Forecaster(12).fit(pd.read_parquet(sys.argv[1]))
forecaster.predict()
json.dump(forecaster.params_, open(sys.argv[2], "w"))
"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--series", default="1000,10000", help="how many, with commas between")
    asked = parser.parse_args()
    print("  series  engine s     run s  ratio  engine MB    run MB")
    for count in map(int, asked.series.split(",")):
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch)
            write(folder, count)
            params = folder / "params.json"
            alone, least = cost([sys.executable, "-c", ALONE, str(folder / "rows.parquet"), str(params)])
            words = ["run", "--params", str(params), "--train", str(folder / "rows.parquet")]
            start = "from stepcast.cli import main; main()"
            command = [sys.executable, "-c", start, *words, "--out", str(folder / "out")]
            whole, most = cost(command)
            figures = f"{alone:9.1f} {whole:9.1f} {whole / alone:6.2f} {least:10,.0f} {most:9,.0f}"
            print(f"{count:8,} {figures}", flush=True)
    return 0


def write(folder: Path, count: int) -> None:
    """The rows of ``count`` series as Parquet."""
    draw, last = np.random.default_rng(7), np.datetime64("2024-12", "M").astype(int)
    parts = []
    for number in range(count):
        months = int(draw.integers(24, 121))
        time = np.arange(last - months + 1, last + 1)
        level = draw.lognormal(3, 1) * (1 + draw.normal(0, 0.004) * np.arange(months))
        season = 1 + draw.uniform(0, 0.5) * np.sin(2 * np.pi * (time + draw.integers(12)) / 12)
        values = np.maximum(level * season * draw.lognormal(0, 0.15, months), 0).round(2)
        moments = time.astype("datetime64[M]").astype("datetime64[ns]")
        parts.append(pd.DataFrame({"item_id": f"i{number}", "timestamp": moments, "target_value": values}))
    pd.concat(parts).to_parquet(folder / "rows.parquet", index=False)


def cost(command: list[str]) -> tuple[float, float]:
    """CPU seconds of a command and its children, and the most memory that they had at once, in MB."""
    before, peak = spent(), 0.0
    ended = threading.Event()
    with tempfile.TemporaryFile("w+") as printed:
        process = subprocess.Popen(command, cwd=HERE, stdout=printed, stderr=printed)

        def watch() -> None:
            nonlocal peak
            while not ended.wait(0.25):
                peak = max(peak, sum(map(memory, family(process.pid))))

        watching = threading.Thread(target=watch)
        watching.start()
        code = process.wait()
        ended.set()
        watching.join()
        printed.seek(0)
        if code:
            raise SystemExit(f"{json.dumps(command)} failed:\n{printed.read()}")
    return spent() - before, peak


def family(root: int) -> Iterator[int]:
    """A process and all that descend from it."""
    children: dict[int, list[int]] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(path.read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue  # it has ended meanwhile
        children.setdefault(parent, []).append(int(path.parent.name))
    found = [root]
    for one in found:
        found += children.get(one, ())
        yield one


def memory(process: int) -> float:
    """The PSS of a process, in MB."""
    try:
        lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024


def spent() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    raise SystemExit(main())
