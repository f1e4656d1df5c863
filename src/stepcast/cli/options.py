"""Options that several commands have, so that they mean and say the same everywhere."""

from pathlib import Path
from typing import Annotated

import typer

__all__ = [
    "PARAMS",
    "TRAIN",
    "BucketName",
    "Endpoint",
    "ItemName",
    "Json",
    "MetadataFiles",
    "ProjectFolder",
    "RelatedFiles",
]

BucketName = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="Instead of a running stack, a bucket on AWS, with the credentials of the AWS tools.",
    ),
]
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
PARAMS = typer.Option(metavar="FILE", exists=True, dir_okay=False, readable=True, help="The params.json.")
TRAIN = typer.Option(
    metavar="CSV",
    exists=True,
    dir_okay=False,
    readable=True,
    help="Target series: .csv, .csv.gz or .parquet.",
)
RelatedFiles = Annotated[
    list[Path] | None,
    typer.Option(
        metavar="CSV", exists=True, dir_okay=False, readable=True, help="Related series; may be repeated."
    ),
]
MetadataFiles = Annotated[
    list[Path] | None,
    typer.Option(
        metavar="CSV", exists=True, dir_okay=False, readable=True, help="Item metadata; may be repeated."
    ),
]
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
