"""The validation report of a run in the bucket."""

from typing import Any

from stepcast.pipeline import layout, objects
from stepcast.pipeline.errors import InvalidInputException, ResourceNotFoundException
from stepcast.pipeline.problems import Report, grouped
from stepcast.pipeline.run import Run

__all__ = ["of_params", "read", "refusal", "write"]

SHOWN = 5  # problems in an error message; the report has them all


def write(s3: Any, run: Run, report: Report) -> None:
    """Write validation.json and validation.md."""
    objects.write(s3, run.bucket, layout.report(run.run, "json"), report.to_json())
    objects.write(s3, run.bucket, layout.report(run.run, "md"), report.to_markdown())


def write_of_params(s3: Any, run: Run, report: Report) -> None:
    """Store the problems of params.json separately: ImportData adds to them once, however often it runs."""
    objects.write(s3, run.bucket, layout.params_report(run.work), report.to_json())


def of_params(s3: Any, run: Run) -> Report:
    """What CreateDataset found in params.json; empty if nothing was written."""
    return _read(s3, run, layout.params_report(run.work))


def read(s3: Any, run: Run) -> Report:
    """What was found so far; empty if nothing was written."""
    return _read(s3, run, layout.report(run.run, "json"))


def _read(s3: Any, run: Run, key: str) -> Report:
    try:
        return Report.from_json(objects.read(s3, run.bucket, key).decode())
    except ResourceNotFoundException:
        return Report()


def refusal(run: Run, report: Report) -> InvalidInputException:
    """The error that ends the run, with the first problems and the location of the others."""
    groups = grouped(problem for problem in report.problems if problem.severity == "error")
    lines = [f"- {group}" for group in groups[:SHOWN]]
    if (more := report.errors - sum(len(group.problems) for group in groups[:SHOWN])) > 0:
        lines.append(f"- and {more:,} more")
    lines.append(f"The complete report: s3://{run.bucket}/{layout.report(run.run, 'md')}")
    count = "1 error" if report.errors == 1 else f"{report.errors:,} errors"
    return InvalidInputException(f"the input has {count}; nothing was forecast\n" + "\n".join(lines))
