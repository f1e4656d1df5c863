"""What an import found and made."""

from dataclasses import dataclass

from stepcast.pipeline.importing.field_statistics import Document

__all__ = ["Imported"]


@dataclass(frozen=True)
class Imported:
    """Counts and statistics of one import.

    ``rows``        rows without an error, of all files; ``series`` the different keys among them.
    ``shards``      0 where the report has errors: then nothing was stored.
    ``first``, ``last``  the earliest and latest timestamp as the rows have them; None without a row.
    ``statistics``  by column, in the names of DescribeDatasetImportJob's FieldStatistics, ready for JSON.
    ``points``      periods of all series on the forecast's grid; ``filled`` how many of them were filled
                    with a number because no row had one.
    ``size``        of the files in bytes, as they lie in the bucket.
    """

    rows: int
    series: int
    shards: int
    first: str | None
    last: str | None
    statistics: dict[str, Document]
    points: int
    filled: int
    size: int
