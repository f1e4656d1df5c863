"""What monitoring found, in a few facts: for the notification, the command line and FitShared."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from stepcast.pipeline import layout, objects
from stepcast.pipeline.errors import ResourceNotFoundException

__all__ = ["Summary", "read", "write"]


class Summary(BaseModel):
    """The last object that MonitorDrift writes: without it, monitoring has failed or is not done.

    ``state``     compared; or too_few, nothing_to_compare: ``message`` says what is missing.
    ``vintage``   the forecast whose training is compared with what came after it, and its ``predictor``.
    ``first``, ``last``  the new periods that were looked at, ``outcomes`` of them.
    ``items``     with enough new values to be examined; ``drifted`` of them, by kind in ``kinds``.
    ``coverage``  share of outcomes between the outer quantiles, ``promised`` what it should be.
    ``wql``       average weighted quantile loss of the forecasts, and of the predictor's backtest.
    ``largest``   the items that drifted most, a few, in words.
    ``notices``   how many items and categories appeared or vanished; ``mixed`` whether the mix changed.
    ``..._columns``  name to SQL type of the tables ``monitor`` and ``drift``.
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
        """For a person."""
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
    """The summary; None where monitoring of that vintage has failed, or is older than monitoring."""
    try:
        return Summary.model_validate_json(objects.read(s3, bucket, layout.monitor_summary(vintage)))
    except ResourceNotFoundException:
        return None
