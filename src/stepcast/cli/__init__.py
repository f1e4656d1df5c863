"""The command line: ``stepcast run | validate | init | up | down | invoke | logs | sql | status | chart``."""

import atexit
import gc
import logging
import sys

__all__ = ["main"]

UNTOLD = {
    # That the layer was not built: the functions find its packages in this environment.
    "localaws.cloudformation.sources": logging.ERROR,
    # Every Fail state, in moto's words: commands report how an execution ended.
    "moto.stepfunctions": logging.CRITICAL,
}
# A command makes some hundred thousand objects that stay, most of them of libraries: with Python's threshold
# of 700 new ones, looking through them again and again takes a fifth of its time.
COLLECTIONS = (100_000, 10, 10)


def main() -> None:
    """Run the command in ``sys.argv``; exits with 0, 1 (failure, with the reason on stderr) or 2 (usage)."""
    try:
        from stepcast.cli.app import app
    except ModuleNotFoundError as error:
        if error.name not in ("typer", "rich"):
            raise
        sys.exit('stepcast needs packages that are not installed: pip install "stepcast[local]"')
    gc.set_threshold(*COLLECTIONS)
    atexit.register(gc.freeze)  # the interpreter would look through everything several times more as it ends
    for name, level in UNTOLD.items():
        logging.getLogger(name).setLevel(level)
    app(prog_name="stepcast")
