"""``python -m tests.stream_chaos``: 20 kills and 10 rebalances over 200,000 observations."""

import argparse
import sys
import tempfile
import time
from pathlib import Path

from tests.stream_chaos.run import run


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--observations", type=int, default=200_000)
    parser.add_argument("--items", type=int, default=500)
    parser.add_argument("--kills", type=int, default=15, help="of workers")
    parser.add_argument("--broker-kills", type=int, default=5)
    parser.add_argument("--rebalances", type=int, default=10)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        report = run(
            Path(folder) / "kafka",
            given.observations,
            given.items,
            given.seed,
            kills=given.kills,
            broker_kills=given.broker_kills,
            rebalances=given.rebalances,
            tell=lambda text: sys.stderr.write(f"{text}\n"),
        )
    sys.stdout.write(
        f"seed {given.seed}: {report.kills} kills of workers, {report.broker_kills} of the broker, "
        f"{report.rebalances} rebalances, {report.observations:,} observations, "
        f"{report.forecasts:,} forecasts, "
        f"{report.hidden:,} records of aborted transactions; {len(report.faults)} faults\n"
    )
    for fault in report.faults:
        sys.stdout.write(f"  {fault}\n")
    return 1 if report.faults else 0


if __name__ == "__main__":
    sys.exit(main())
