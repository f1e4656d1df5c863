"""Amazon Forecast's quotas for the data. They bind the service, not this import: warnings."""

from collections.abc import Sequence

from stepcast.pipeline import layout
from stepcast.pipeline.importing.files.source import Source
from stepcast.pipeline.params import Params
from stepcast.pipeline.problems import Problem, Report

__all__ = ["check_quotas"]

# Source: Amazon Forecast Developer Guide, "Guidelines and Quotas".
FILES = 10_000
BYTES = 30 * 10**9
ROWS = 3 * 10**9
SERIES = 5_000_000
SERIES_FINER_THAN_DAYS = 100_000


def check_quotas(params: Params, sources: Sequence[Source], rows: int, series: int, report: Report) -> None:
    """V10: what the service would reject because of its size."""
    size = sum(source.size for source in sources)
    for have, most, what in (
        (len(sources), FILES, "files"),
        (size, BYTES, "bytes"),
        (rows, ROWS, "rows"),
        (series, SERIES, "series"),
    ):
        if have > most:
            report.add(_over(f"{have:,} {what}", f"{most:,}"))
    if params.frequency.has_time_of_day and series > SERIES_FINER_THAN_DAYS:
        what = f"{series:,} series at frequency {params.frequency}"
        report.add(_over(what, f"{SERIES_FINER_THAN_DAYS:,} unless the frequency is D or longer"))


def _over(what: str, most: str) -> Problem:
    message = f"the data have {what}; Amazon Forecast's quota is {most}"
    return Problem("V10", "warning", message, "No change is needed for this import", file=layout.TRAIN)
