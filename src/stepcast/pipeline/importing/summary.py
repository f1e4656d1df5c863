"""The summary of an import, with which the validation report starts."""

from datetime import datetime

import numpy as np

from stepcast.engine.calendar import period_of, stamp_of
from stepcast.engine.frequency import Frequency
from stepcast.pipeline.importing.covariates.covariates import Covariates
from stepcast.pipeline.importing.imported import Imported
from stepcast.pipeline.importing.periods.period_starts import period_starts
from stepcast.pipeline.input_summary import InputSummary
from stepcast.pipeline.params import Params

__all__ = ["summary_of"]


def summary_of(params: Params, imported: Imported, covariates: Covariates) -> InputSummary:
    """Summarize the import; facts that require complete series are omitted if there were errors."""
    laid = imported.shards > 0
    return InputSummary(
        files=imported.files,
        bytes=imported.size,
        rows=imported.rows,
        items=imported.series,
        first=imported.first,
        last=imported.last,
        frequency=str(params.frequency),
        anchor=period_starts(imported.frequency, _stamp(imported.frequency, imported.last)),
        aggregation=params.filling.aggregation,
        periods=imported.points if laid else None,
        observed=imported.observed if laid else None,
        filled=imported.filled if laid else None,
        doubled=imported.doubled if laid else None,
        related=covariates.related.rows if covariates.related is not None else None,
        metadata=covariates.metadata.rows if covariates.metadata is not None else None,
    )


def _stamp(frequency: Frequency, last: str | None) -> datetime:
    """The timestamp of the last period; without rows, that of an arbitrary one."""
    moments = np.array([last or "1970-01-01"], "datetime64[s]")
    stamp: datetime = stamp_of(period_of(moments, frequency), frequency)[0].item()
    return stamp
