"""``stepcast validate``: report what a run would report about the input, in seconds."""

from pathlib import Path
from typing import Annotated

import typer

from stepcast.cli.input_files import sorted_out
from stepcast.cli.options import PARAMS, TRAIN, ItemName, Json, MetadataFiles, RelatedFiles

__all__ = ["validate"]


def validate(
    more: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[CSV]... | FOLDER | s3://BUCKET",
            help="More files for --train; or a folder or bucket that contains params.json, train/ and so on.",
            show_default=False,
        ),
    ] = None,
    params: Annotated[Path | None, PARAMS] = None,
    train: Annotated[list[Path] | None, TRAIN] = None,
    related: RelatedFiles = None,
    metadata: MetadataFiles = None,
    item: ItemName = None,
    as_json: Json = False,
) -> None:
    """Read the input as a run would, and report every problem without starting a run.

    Exits with 1 if a run would stop before training. Writes nothing and starts no server.
    """
    if params is None and not train:
        if not more or len(more) != 1 or related or metadata:
            raise typer.BadParameter(
                "give --params FILE --train CSV, or one folder or s3://BUCKET that contains them"
            )
        if not more[0].startswith("s3://") and not Path(more[0]).is_dir():
            raise typer.BadParameter(f"{more[0]} is not a folder; for files, use --params and --train")
        from stepcast.cli.checking import check_place, conclude

        conclude(check_place(more[0]), as_json)
        return
    if params is None or not train:
        raise typer.BadParameter(f"{'--params' if params is None else '--train'} is required")
    further = [Path(path) for path in more or ()]
    if absent := next((path for path in further if not path.is_file()), None):
        raise typer.BadParameter(f"the file {absent} does not exist")
    files = sorted_out({"train": [*train, *further], "related": related or [], "metadata": metadata or []})
    from stepcast.cli.checking import check_files, conclude

    conclude(check_files(params, files, item), as_json)
