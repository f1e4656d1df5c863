"""The problems of a validation report as lines for a terminal."""

from typing import Literal

from stepcast.cli.output import plural
from stepcast.pipeline.problems import Report, grouped

__all__ = ["error_lines", "problem_lines"]


def error_lines(report: Report, most: int) -> list[str]:
    """``problem_lines`` of the errors."""
    return problem_lines(report, "error", most)


def problem_lines(report: Report, severity: Literal["error", "warning"], most: int) -> list[str]:
    """The number of problems, a line for each of at most ``most`` kinds, and the number of other kinds.

    >>> from stepcast.pipeline.problems import Problem
    >>> report = Report()
    >>> report.extend(Problem("V06", "error", "no date", "Write one", file="a.csv", line=n) for n in (1, 2))
    >>> problem_lines(report, "error", 1)
    ['2 errors', '- V06 a.csv lines 1, 2: no date; 1 more like it. Write one']
    """
    groups = grouped(problem for problem in report.problems if problem.severity == severity)[:most]
    lines = [plural(report.count(severity), severity)]
    lines += [f"- {group}" for group in groups]
    if (more := report.count(severity) - sum(len(group.problems) for group in groups)) > 0:
        lines.append(f"- and {more:,} more")
    return lines
