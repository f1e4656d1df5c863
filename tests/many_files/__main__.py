"""``python -m tests.many_files --times 100``: check that files uploaded at once produce one forecast.

Every processor is kept busy with other work meanwhile: a race that was found once showed only then.
"""

import argparse
import os
import subprocess
import sys
from contextlib import ExitStack

from tests.e2e.conftest import Stack, daily_sales, deploy
from tests.pipeline.given import params_bytes

ITEMS = ("lamp", "desk", "sofa", "door", "roof")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=100)
    given = parser.parse_args()
    with ExitStack() as ending:
        for _ in range(os.cpu_count() or 1):
            busy = subprocess.Popen([sys.executable, "-c", "while True: pass"])
            ending.callback(busy.wait)
            ending.callback(busy.kill)
        aws, stack = deploy()
        ending.callback(aws.stop)
        stack.put("params.json", params_bytes())
        for turn in range(given.times):
            upload(stack, days=70 + turn)
            sys.stdout.write(f"{turn + 1} of {given.times}\n")
            sys.stdout.flush()
    return 0


def upload(stack: Stack, days: int) -> None:
    """One upload of several files; different ``days`` are different input."""
    stack.delete("train/")
    execution = stack.drop({f"train/{item}.csv": daily_sales((item,), days=days) for item in ITEMS})
    assert execution["status"] == "SUCCEEDED", execution
    stack.eventually(lambda: True if all(e["status"] != "RUNNING" for e in stack.executions()) else None)
    assert {each["status"] for each in stack.executions()} == {"SUCCEEDED"}
    assert len(stack.vintages()) == 1
    for table in ("forecast", "train"):
        rows = stack.sql(f"SELECT item_id, count(*) AS n FROM {table} GROUP BY 1")
        expected = str(days) if table == "train" else "21"
        assert {row["item_id"]: row["n"] for row in rows} == dict.fromkeys(ITEMS, expected)


if __name__ == "__main__":
    sys.exit(main())
