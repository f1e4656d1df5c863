"""The errors of a validation report as lines for a terminal."""

from stepcast.cli.output import plural
from stepcast.pipeline.problems import Report, grouped

__all__ = ["error_lines"]


def error_lines(report: Report, most: int) -> list[str]:
    """How many errors there are, then a line for each kind, ``most`` of them, then how many more.

    >>> from stepcast.pipeline.problems import Problem
    >>> report = Report()
    >>> report.extend(Problem("V06", "error", "no date", "Write one", file="a.csv", line=n) for n in (1, 2))
    >>> error_lines(report, 1)
    ['2 errors', '- V06 a.csv lines 1, 2: no date; 1 more like it. Write one']
    """
    groups = grouped(problem for problem in report.problems if problem.severity == "error")[:most]
    lines = [plural(report.errors, "error")]
    lines += [f"- {group}" for group in groups]
    if (more := report.errors - sum(len(group.problems) for group in groups)) > 0:
        lines.append(f"- and {more:,} more")
    return lines
