"""``stepcast lineage``: the versions of the files that a predictor was trained on."""

from typing import Annotated

import typer

from stepcast.cli.options import BucketName, Endpoint, Json
from stepcast.cli.output import cell, clock, plural, print_json, print_line, stdout, table

__all__ = ["lineage"]


def lineage(
    predictor: Annotated[
        str | None,
        typer.Argument(metavar="PREDICTOR", help="Default: that of the current forecast."),
    ] = None,
    as_json: Json = False,
    endpoint: Endpoint = None,
    bucket: BucketName = None,
) -> None:
    """Show which versions of which files a predictor was trained on.

    The SQL table lineage has the same for all predictors. stepcast run --as-of PREDICTOR reproduces its
    forecast.
    """
    from stepcast.cli.recorded_input import find, open_bucket

    s3, name = open_bucket(endpoint, bucket)
    found = find(s3, name, predictor)
    if as_json:
        files = [file.document() for file in found.files]
        print_json(
            {"predictor": found.predictor, "vintage": found.vintage, "run": found.run, "inputs": files}
        )
        return
    print_line(f"Predictor {found.predictor}, vintage {found.vintage}")
    print_line(f"trained on {plural(len(found.files), 'file')} of s3://{name}/:\n")
    shown = table(None, "file", "size", "uploaded", "version", "ETag", numbers=("size",))
    for file in found.files:
        row = (file.key, f"{file.size:,}", clock(file.uploaded), file.version, file.etag.strip('"'))
        shown.add_row(*map(cell, row))
    stdout().print(shown)
    if any(file.version is None for file in found.files):
        print_line("\nNULL: the bucket kept no version; only the ETag shows whether the file has changed.")
