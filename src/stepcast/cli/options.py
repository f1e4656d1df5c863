"""Options shared by several commands."""

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
    "ModelFile",
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
    typer.Option(metavar="URL", help="Endpoint of the stack; required only if several are running."),
]
ItemName = Annotated[
    str | None,
    typer.Option(
        metavar="NAME", help="Name of the item, if the files contain a single series without an item column."
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print only JSON to stdout.")]
PARAMS = typer.Option(
    metavar="FILE", exists=True, dir_okay=False, readable=True, help="The params.json file."
)
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
        metavar="CSV", exists=True, dir_okay=False, readable=True, help="Related series; can be repeated."
    ),
]
ModelFile = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        exists=True,
        dir_okay=False,
        readable=True,
        help="The model that TrainingParameters name: models/NAME.keras.",
    ),
]
MetadataFiles = Annotated[
    list[Path] | None,
    typer.Option(
        metavar="CSV", exists=True, dir_okay=False, readable=True, help="Item metadata; can be repeated."
    ),
]
ProjectFolder = Annotated[
    Path | None,
    typer.Option(
        "--project",
        metavar="FOLDER",
        exists=True,
        file_okay=False,
        help="Folder with template.yaml; by default, that of the checkout or the installed package.",
    ),
]
