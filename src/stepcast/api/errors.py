"""Errors of the Python API. Those of the data are the import's, with every problem and its remedy."""

from dataclasses import replace
from typing import Any

from stepcast.pipeline.errors import InvalidInputException
from stepcast.pipeline.params import ALGORITHM_ARN
from stepcast.pipeline.problems import Problem, Report, grouped

__all__ = ["InvalidInput", "NoHierarchy", "NotFitted", "UnknownItem", "WrongFrame", "in_arguments"]

SHOWN = 10  # problems in the message; ``report`` has them all
ARGUMENTS = {
    "ForecastHorizon": "horizon",
    "ForecastTypes": "quantiles",
    "AlgorithmArn": "algorithm",
    "AutoMLNetwork": "network",
    "SeasonLength": "season",
    "TrainingParameters": "parameters",
    "ForecastFrequency": "freq",
    "NumberOfBacktestWindows": "windows",
    "EvaluationParameters": "windows",
    "SupplementaryFeatures": "holidays",
    "TrainingBudgetSeconds": "time_budget",
    "Bounds": "bounds",
    "Hierarchy": "hierarchy",
    "TimeZone": "time_zone",
    "TimestampFormat": "freq",
    "middlefill": "fill",
    "backfill": "fill",
    "aggregation": "aggregation",
}
# What messages say of params.json, and what that is in Python.
WORDS = {
    ALGORITHM_ARN: "",
    "set PerformAutoML to true": "leave it out",
    "PerformAutoML is true": "the AutoPredictor has none",
    "Remove TrainingParameters or PerformAutoML": "Name the algorithm= that they are of, or leave them out",
    "is neither a forecast dimension nor an attribute of the item metadata": (
        "is neither a column of item_id= nor one of metadata="
    ),
    "add a dataset of ITEM_METADATA": "give fit metadata= with a row for each item",
    "reduce the horizon or NumberOfBacktestWindows": "reduce horizon or windows",
}
FRAMES = {"train/": "df", "related/": "related", "metadata/": "metadata"}


class WrongFrame(ValueError):
    """A data frame lacks a column, or is of a kind that cannot be read."""


class NotFitted(ValueError, AttributeError):
    """``fit`` comes first. Both classes that scikit-learn's error of this meaning has."""


class NoHierarchy(ValueError):
    """Levels are asked of a forecaster without ``hierarchy``."""


class UnknownItem(KeyError):
    """There is no series of that name."""

    def __str__(self) -> str:
        return str(self.args[0])


class InvalidInput(InvalidInputException, ValueError):
    """Arguments or data violate a rule; ``report`` has every problem, with what to change."""

    def __init__(self, report: Report) -> None:
        super().__init__(report)
        self.report = report

    def __str__(self) -> str:
        groups = grouped(problem for problem in self.report.problems if problem.severity == "error")
        lines = [f"- {group}" for group in groups[:SHOWN]]
        if (more := self.report.errors - sum(len(group.problems) for group in groups[:SHOWN])) > 0:
            lines.append(f"- and {more:,} more")
        count = "1 error" if self.report.errors == 1 else f"{self.report.errors:,} errors"
        return "\n".join([f"the input has {count}", *lines])


def in_arguments(report: Report) -> Report:
    """The report with arguments and frames in the place of keys of params.json and of files."""
    told = Report(notes=list(report.notes), summary=report.summary)
    for problem in report.problems:
        told.add(_in_arguments(problem))
    for (rule, severity, where), count in report.unlisted.items():
        told.unlisted[rule, severity, _frame(where) or where] += count
    return told


def _in_arguments(problem: Problem) -> Problem:
    changes: dict[str, Any] = {
        "message": _in_python(problem.message),
        "remedy": _in_python(problem.remedy),
    }
    if problem.file is not None and (frame := _frame(problem.file)):
        changes["file"] = frame
    if problem.path is not None:
        keys = [key.partition("[")[0] for key in problem.path.split(".")]
        if named := next((ARGUMENTS[key] for key in reversed(keys) if key in ARGUMENTS), None):
            changes["path"] = named
    return replace(problem, **changes)


def _in_python(text: str) -> str:
    for words, instead in WORDS.items():
        text = text.replace(words, instead)
    return text


def _frame(file: str) -> str | None:
    return next((name for folder, name in FRAMES.items() if file.startswith(folder)), None)
