"""The command line: ``stepcast run | up | invoke | sql | status | chart``."""

import sys

__all__ = ["main"]


def main() -> None:
    """Run the command that ``sys.argv`` names; exits 0, 1 (it failed, stderr says why) or 2 (usage)."""
    try:
        from stepcast.cli.app import app
    except ModuleNotFoundError as error:
        if error.name not in ("typer", "rich"):
            raise
        sys.exit('stepcast needs packages that are not installed: pip install "stepcast[local]"')
    app(prog_name="stepcast")
