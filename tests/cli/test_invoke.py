"""``stepcast invoke`` without a running stack prepares what the recorded event speaks of."""

import json
import os
import subprocess
from pathlib import Path

from tests.cli.processes import PATIENCE, command

ROOT = Path(__file__).parents[2]


def test_a_step_finds_what_the_steps_before_it_made(tmp_path: Path) -> None:
    answer = subprocess.run(
        command("invoke", "ImportDataFunction", "-e", ROOT / "events" / "import_data.json", "--json"),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        env={**os.environ, "XDG_STATE_HOME": str(tmp_path)},
        check=False,
    )

    told = json.loads(answer.stdout)
    assert answer.returncode == 0, answer.stderr
    assert told["error"] is None
    assert told["result"]["run"] == json.loads((ROOT / "events" / "import_data.json").read_text())["run"]
    assert "imported" in told["log"]
