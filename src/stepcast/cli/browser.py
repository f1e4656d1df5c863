"""Opens a page in the user's browser."""

import html
import os
import webbrowser
from pathlib import Path

from stepcast.cli.output import stderr

__all__ = ["open_page"]


def open_page(address: str, folder: Path, secret: bool) -> None:
    """Open ``address``; say so on stderr if no browser can be started.

    A ``secret`` address is handed over in a file in ``folder`` that only its owner can read, because other
    users see the arguments of the browser's process.
    """
    given = address
    if secret:
        path = folder / "open-console.html"
        path.unlink(missing_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(f'<meta http-equiv="refresh" content="0; url={html.escape(address)}">\n')
        given = path.as_uri()
    if not webbrowser.open(given):
        stderr().print("no browser could be started: open the address of the console yourself", markup=False)
