"""What following a run must not import: it takes most of a second."""

import subprocess
import sys


def test_matplotlib_is_imported_only_where_something_is_drawn() -> None:
    code = "import sys, stepcast.cli.forecast_once; print('matplotlib' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
