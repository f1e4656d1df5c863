"""What an import found and made."""

from dataclasses import dataclass

from stepcast.engine.frequency import Frequency
from stepcast.pipeline.importing.files.field_statistics import Document

__all__ = ["Imported"]


@dataclass(frozen=True)
class Imported:
    """Counts and statistics of one import.

    ``rows``        rows without an error, of all files; ``series`` the different keys among them.
    ``shards``      0 where the report has errors: then nothing was stored.
    ``first``, ``last``  the earliest and latest timestamp as the rows have them; None without a row.
    ``statistics``  by column, in the names of DescribeDatasetImportJob's FieldStatistics, ready for JSON.
    ``points``      periods of all series on the forecast's grid; ``observed`` how many of them have a row,
                    ``filled`` how many were filled with a number because none had.
    ``doubled``     rows beyond the first of their item and period, where the data have one row a period.
    ``frequency``   the forecast's, with the boundary and the stamp of its periods.
    ``files``       read; ``size`` of them in bytes, as they lie in the bucket.
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
