"""The report of a run's forecast: written when it is published, and named in the run's message."""

import os
from collections.abc import Callable
from typing import Any, Literal, cast

from botocore.exceptions import ClientError

from stepcast.pipeline import layout, vintages
from stepcast.pipeline.log import log
from stepcast.pipeline.run import Run
from stepcast.pipeline.vintages import Manifest

__all__ = ["Kind", "Page", "link_kind", "report_line", "write_report"]

Kind = Literal["none", "bucket", "presigned"]
Page = Callable[[Any, str, str, Manifest], str]  # of an S3 client, a bucket, and a vintage below some root
HOURS = 12  # as long as the credentials of a function last at most


def link_kind() -> Kind:
    """How messages lead to reports, as the stack was deployed; ``none``: no report is written."""
    return cast(Kind, os.environ.get("REPORT_LINK", "none"))


def write_report(s3: Any, run: Run, page: Page, kind: Kind) -> None:
    """Write the report of the run's vintage, if the stack asks for one.

    A report that cannot be written does not fail the run, whose forecast is published.
    """
    found = None if kind == "none" else vintages.find(s3, run.bucket, run.vintage)
    if found is None:
        return
    try:
        text = page(s3, run.bucket, *found)
        where = {"Bucket": run.bucket, "Key": layout.report_page(run.work)}
        s3.put_object(**where, Body=text.encode(), ContentType="text/html; charset=utf-8")
    except Exception:  # whatever it is: the forecast is published, and the message says that there is none
        log.exception("no_report", run=run.run)


def report_line(s3: Any, run: Run, kind: Kind) -> str:
    """The line of the run's message that names its report."""
    where = {"Bucket": run.bucket, "Key": layout.report_page(run.work)}
    try:
        s3.head_object(**where)
    except ClientError:
        return "The report could not be written; the log of UpdateAthena says why."
    if kind == "bucket":
        return f"Report: s3://{where['Bucket']}/{where['Key']}"
    url = s3.generate_presigned_url("get_object", Params=where, ExpiresIn=HOURS * 3600)
    return f"Report, for at most {HOURS} hours and for everyone who has this link: {url}"
