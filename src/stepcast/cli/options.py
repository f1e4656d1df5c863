"""Options that several commands have, so that they mean and say the same everywhere."""

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["Endpoint", "ItemName", "Json", "ProjectFolder"]

Endpoint = Annotated[
    str | None,
    typer.Option(metavar="URL", help="Which running stack; needed only where several run."),
]
ItemName = Annotated[
    str | None,
    typer.Option(
        metavar="NAME", help="What the item is called, where the files hold one and do not name it."
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON on stdout and nothing else.")]
ProjectFolder = Annotated[
    Path | None,
    typer.Option(
        "--project",
        metavar="FOLDER",
        exists=True,
        file_okay=False,
        help="The folder with template.yaml; this checkout's or the installed package's by default.",
    ),
]
