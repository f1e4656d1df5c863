"""The result of an import."""

from dataclasses import dataclass

from stepcast.engine.frequency import Frequency
from stepcast.pipeline.importing.files.field_statistics import Document

__all__ = ["Imported"]


@dataclass(frozen=True)
class Imported:
    """Counts and statistics of one import.

    ``rows``        rows without an error, of all files; ``series`` the number of distinct keys among them.
    ``shards``      0 if the report has errors: then nothing was stored.
    ``first``, ``last``  the earliest and latest timestamp as in the rows; None without rows.
    ``statistics``  by column, with the names of DescribeDatasetImportJob's FieldStatistics, ready for JSON.
    ``points``      periods of all series on the forecast's grid; ``observed`` is how many have a row,
                    ``filled`` how many were filled with a number.
    ``doubled``     rows beyond the first of their item and period, if the data have one row per period.
    ``frequency``   the forecast's, with the boundary and the stamp of its periods.
    ``files``       the number of files read; ``size`` their total bytes as stored in the bucket.
    """

    rows: int
    series: int
    shards: int
    first: str | None
    last: str | None
    statistics: dict[str, Document]
    points: int
    observed: int
    filled: int
    doubled: int
    frequency: Frequency
    files: int
    size: int
