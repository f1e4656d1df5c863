"""The report of a run's forecast: written to the bucket, and named in the run's message."""

from collections.abc import Callable
from typing import Any, Literal

from stepcast.pipeline import layout, objects
from stepcast.pipeline.log import log
from stepcast.pipeline.run import Run
from stepcast.pipeline.vintages import Manifest

__all__ = ["Kind", "Page", "report_line"]

Kind = Literal["none", "bucket", "presigned"]
Page = Callable[[Any, str, str, Manifest], str]  # of an S3 client, a bucket, and a vintage below some root
HOURS = 12  # as long as the credentials of a function last at most


def report_line(s3: Any, run: Run, root: str, manifest: Manifest, page: Page, kind: Kind) -> str:
    """Write the report of the run's vintage, and return the line of the message that names it.

    A report that cannot be written does not fail the run, whose forecast is complete: the line says why.
    """
    key = layout.report_page(run.run)
    try:
        objects.write(s3, run.bucket, key, page(s3, run.bucket, root, manifest))
        if kind == "presigned":
            where = {"Bucket": run.bucket, "Key": key, "ResponseContentType": "text/html"}
            url = s3.generate_presigned_url("get_object", Params=where, ExpiresIn=HOURS * 3600)
            return f"Report, for at most {HOURS} hours and for everyone who has this link: {url}"
    except Exception as error:  # whatever it is: the forecast is complete, and its message must be sent
        log.exception("no_report", run=run.run)
        return f"The report could not be written: {error}"
    return f"Report: s3://{run.bucket}/{key}"
