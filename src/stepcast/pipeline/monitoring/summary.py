"""A summary of monitoring for the notification, the command line and FitShared."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from stepcast.pipeline import layout, objects
from stepcast.pipeline.errors import ResourceNotFoundException

__all__ = ["Summary", "read", "write"]


class Summary(BaseModel):
    """The last object that MonitorDrift writes: without it, monitoring failed or is not finished.

    ``state``     compared; or too_few, nothing_to_compare: ``message`` explains what is missing.
    ``vintage``   the baseline forecast, whose training data is compared with new values; its ``predictor``.
    ``first``, ``last``  the new periods compared, ``outcomes`` of them.
    ``items``     items with enough new values; ``drifted`` of them drifted, by kind in ``kinds``.
    ``coverage``  share of outcomes between the outer quantiles; ``promised`` is its nominal value.
    ``wql``       average weighted quantile loss of the forecasts; ``wql_backtest`` that of the backtest.
    ``largest``   the clearest cases of drift, in words.
    ``notices``   how many items and categories appeared or vanished; ``mixed`` whether the mix changed.
    ``..._columns``  name to SQL type, of the tables ``monitor`` and ``drift``.
    """

    model_config = ConfigDict(frozen=True)

    state: Literal["compared", "too_few", "nothing_to_compare"]
    message: str
    vintage: str | None = None
    predictor: str | None = None
    first: str | None = None
    last: str | None = None
    outcomes: int = 0
    items: int = 0
    drifted: int = 0
    kinds: dict[str, int] = {}
    coverage: float | None = None
    promised: float | None = None
    wql: float | None = None
    wql_backtest: float | None = None
    largest: tuple[str, ...] = ()
    notices: int = 0
    mixed: bool = False
    monitor_columns: dict[str, str] = {}
    drift_columns: dict[str, str] = {}

    @property
    def drift(self) -> bool:
        """Whether there is a reason to train again."""
        return self.drifted > 0 or self.mixed

    def paragraph(self) -> str:
        """The summary as text."""
        if self.state == "compared":
            by_kind = ", ".join(f"{kind} {count:,}" for kind, count in self.kinds.items() if count)
            found = f"{self.drifted:,} of {self.items:,} items ({by_kind})" if self.drifted else "none found"
            lines = [f"Drift: {found}, in {self.outcomes:,} periods from {self.first} to {self.last}."]
            lines += [f"  {text}" for text in self.largest]
        else:
            lines = [f"Drift: {self.message}"]
        if self.mixed:
            lines.append("  The mix of items differs from the one that the predictor learned from.")
        if self.coverage is not None and self.promised is not None:
            lines.append(
                f"  Values inside the forecast interval: {self.coverage:.0%}; {self.promised:.0%} expected."
            )
        if self.wql is not None:
            backtest = "" if self.wql_backtest is None else f"; {self.wql_backtest:.4g} in the backtest"
            lines.append(f"  Weighted quantile loss of the forecasts: {self.wql:.4g}{backtest}.")
        if self.notices:
            lines.append(f"  New or vanished items and categories: {self.notices:,}; see the table drift.")
        return "\n".join(lines)


def write(s3: Any, bucket: str, vintage: str, summary: Summary) -> None:
    objects.write(s3, bucket, layout.monitor_summary(vintage), summary.model_dump_json(indent=2))


def read(s3: Any, bucket: str, vintage: str) -> Summary | None:
    """The summary; None if monitoring of that vintage failed, or did not exist yet."""
    try:
        return Summary.model_validate_json(objects.read(s3, bucket, layout.monitor_summary(vintage)))
    except ResourceNotFoundException:
        return None
