"""What a whole `stepcast run` costs beside the engine alone: CPU of all processes, as a ratio.

python benchmarks/whole_run.py [--series 1000,10000]

Monthly series of a made-up shop, 24 to 120 months, 12 ahead. The engine alone is `stepcast.Forecaster` in a
process of its own, imports and compiled code included. The run has its own local stack and ends with its
files, as a user would have it. CPU is user and system time of the process and all its children.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
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
    print("  series  engine s     run s  ratio")
    for count in map(int, asked.series.split(",")):
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch)
            write(folder, count)
            params = folder / "params.json"
            alone = cpu([sys.executable, "-c", ALONE, str(folder / "rows.parquet"), str(params)])
            words = ["run", "--params", str(params), "--train", str(folder / "rows.parquet")]
            start = "from stepcast.cli import main; main()"
            command = [sys.executable, "-c", start, *words, "--out", str(folder / "out")]
            whole = cpu(command)
            print(f"{count:8,} {alone:9.1f} {whole:9.1f} {whole / alone:6.2f}", flush=True)
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


def cpu(command: list[str]) -> float:
    """CPU seconds of a command and its children."""
    before = spent()
    done = subprocess.run(command, cwd=HERE, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{json.dumps(command)} failed:\n{done.stdout}{done.stderr}")
    return spent() - before


def spent() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    raise SystemExit(main())
