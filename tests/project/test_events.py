"""The recorded events are those of the project's own input."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_recorded_events_are_up_to_date() -> None:
    answer = subprocess.run(
        [sys.executable, "scripts/record_events.py", "--check"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert answer.returncode == 0, answer.stdout + answer.stderr
