"""The results of monitoring for the current forecast: summary, findings, evaluations."""

from dataclasses import dataclass
from typing import Any

from stepcast.cli.current_forecast import current_vintage, key_columns
from stepcast.cli.query import ask
from stepcast.cli.stack import Stack
from stepcast.pipeline import resources
from stepcast.pipeline.errors import ResourceNotFoundException
from stepcast.pipeline.layout import stamp_of
from stepcast.pipeline.monitoring import summary
from stepcast.pipeline.monitoring.summary import Summary

__all__ = ["DriftReport", "drift_report"]

# Items have equal weight; coverage is weighted by outcomes.
BY_LEAD = """SELECT lead, sum(outcomes) AS outcomes, avg(wql) AS wql, avg(wape) AS wape,
    sum(coverage * outcomes) / sum(CASE WHEN coverage IS NOT NULL THEN outcomes END) AS coverage,
    avg(bias) AS bias FROM monitor WHERE lead > 0 GROUP BY lead ORDER BY lead"""
FOUND = "SELECT * FROM drift ORDER BY severity, p"


@dataclass(frozen=True)
class DriftReport:
    """``summary`` is None if monitoring failed; ``found``: rows of ``drift``; ``leads``: means over items."""

    vintage: str
    keys: list[str]
    summary: Summary | None
    found: list[dict[str, Any]]
    leads: list[dict[str, Any]]
    evaluations: list[dict[str, Any]]

    def document(self) -> dict[str, Any]:
        """The report for JSON."""
        columns = {"monitor_columns", "drift_columns"}
        return {
            "vintage": self.vintage,
            "summary": self.summary.model_dump(mode="json", exclude=columns) if self.summary else None,
            "found": self.found,
            "leads": self.leads,
            "evaluations": self.evaluations,
        }


def drift_report(stack: Stack) -> DriftReport:
    """The report for the current forecast; Failure if there is none yet."""
    manifest = current_vintage(stack)
    monitored = summary.read(stack.s3, stack.bucket, manifest.vintage)
    base = manifest.predictor.removesuffix(f"_{stamp_of(manifest.predictor)}")
    try:
        monitor = resources.describe(stack.s3, stack.bucket, "monitor", base)
    except ResourceNotFoundException:
        monitor = {}
    return DriftReport(
        vintage=manifest.vintage,
        keys=key_columns(manifest),
        summary=monitored,
        found=ask(stack, FOUND).records() if monitored else [],
        leads=ask(stack, BY_LEAD).records() if monitored else [],
        evaluations=monitor.get("Evaluations", []),
    )
