"""What following a run must not import: each takes a quarter of a second or more."""

import subprocess
import sys


def test_what_takes_long_to_import_is_imported_only_where_it_is_needed() -> None:
    """Matplotlib where something is drawn; pandas and a parser of SQL not even there."""
    code = (
        "import sys, stepcast.cli.forecast_once; print('matplotlib' in sys.modules); "
        "from stepcast.charting import drawing; print({'pandas', 'sqlglot'} & {*sys.modules})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\nset()\n"
