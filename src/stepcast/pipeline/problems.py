"""What is wrong with the user's input: collected, then reported all at once."""

import json
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Literal

from stepcast.pipeline.input_summary import InputSummary

__all__ = ["Group", "Problem", "Report", "grouped"]

LISTED_PER_RULE = 100  # rows listed for each rule and file; the rest are counted
PLACES = 10  # lines or items listed for a group of problems
# Differences between problems of one kind: numbers, and quoted text except a name at the beginning.
OWN = re.compile(r"""(?<!^)(?:'[^']*'|"[^"]*")|\d[\d.,:-]*""")


@dataclass(frozen=True)
class Problem:
    """One problem, its location, and what to change.

    ``rule``      V01 to V18 of the specification, or ``params`` for the structure of params.json.
    ``severity``  an error fails the run before training; a warning does not.
    ``path``      JSON path in params.json; ``file``, ``line`` (from 1) and ``item`` point into the data.
    """

    rule: str
    severity: Literal["error", "warning"]
    message: str
    remedy: str
    path: str | None = None
    file: str | None = None
    line: int | None = None
    item: str | None = None

    @property
    def where(self) -> str:
        """The location as readable text: ``train/a.csv line 7, item lamp``."""
        place = self.path or self.file or "input"
        if self.line is not None:
            place += f" line {self.line}"
        if self.item is not None:
            place += f", item {_on_one_line(self.item)}"
        return place

    def __str__(self) -> str:
        return f"{self.rule} {self.where}: {self.message}. {self.remedy}"


@dataclass(frozen=True)
class Group:
    """Problems of one kind in one file, shown once with all their locations."""

    problems: tuple[Problem, ...]

    @property
    def rule(self) -> str:
        return self.problems[0].rule

    @property
    def remedy(self) -> str:
        return self.problems[0].remedy

    @property
    def message(self) -> str:
        more = len(self.problems) - 1
        return self.problems[0].message + (f"; {more:,} more like it" if more else "")

    @property
    def where(self) -> str:
        """``train/a.csv lines 7, 9 and 3 more``, or ``metadata/, items lamp, cord``."""
        first = self.problems[0]
        if len(self.problems) == 1:
            return first.where
        place = first.path or first.file or "input"
        for name, found in (
            ("line", [p.line for p in self.problems]),
            ("item", [p.item and _on_one_line(p.item) for p in self.problems]),
        ):
            known = list(dict.fromkeys(str(one) for one in found if one is not None))
            if known:
                more = f" and {len(known) - PLACES} more" if len(known) > PLACES else ""
                many = "s" * (len(known) > 1)
                comma = "," * (name == "item")
                return f"{place}{comma} {name}{many} {', '.join(known[:PLACES])}{more}"
        return place

    def __str__(self) -> str:
        return f"{self.rule} {self.where}: {self.message}. {self.remedy}"


def grouped(problems: Iterable[Problem]) -> list[Group]:
    """Problems grouped by kind, in the order of the first of each.

    >>> days = [Problem("V06", "error", f"no day {n}", "Correct it", file="a.csv", line=n) for n in (7, 9)]
    >>> print(*grouped(days))
    V06 a.csv lines 7, 9: no day 7; 1 more like it. Correct it
    """
    found: dict[tuple[str | None, ...], list[Problem]] = {}
    for one in problems:
        kind = (one.rule, one.severity, one.path, one.file, OWN.sub("", one.message), OWN.sub("", one.remedy))
        found.setdefault(kind, []).append(one)
    return [Group(tuple(alike)) for alike in found.values()]


@dataclass
class Report:
    """Problems in the order found; beyond a limit, a rule's rows are only counted, to bound memory.

    ``notes``    assumptions that are not problems.
    ``summary``  of the data; None if the files were not read.
    """

    problems: list[Problem] = field(default_factory=list)
    unlisted: Counter[tuple[str, str, str]] = field(default_factory=Counter)  # (rule, severity, file or path)
    notes: list[str] = field(default_factory=list)
    _listed: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    summary: InputSummary | None = None

    def note(self, text: str) -> None:
        """Record an assumption, once."""
        if text not in self.notes:
            self.notes.append(text)

    def add(self, problem: Problem) -> None:
        key = (problem.rule, problem.severity, problem.file or problem.path or "")
        if self._listed[key] >= LISTED_PER_RULE:
            self.unlisted[key] += 1
            return
        self._listed[key] += 1
        self.problems.append(problem)

    def count_more(self, problem: Problem, more: int) -> None:
        """Count ``more`` problems like ``problem`` that are not listed."""
        if more > 0:
            self.unlisted[problem.rule, problem.severity, problem.file or problem.path or ""] += more

    def extend(self, problems: Iterable[Problem]) -> None:
        for problem in problems:
            self.add(problem)

    def count(self, severity: Literal["error", "warning"]) -> int:
        listed = sum(problem.severity == severity for problem in self.problems)
        return listed + sum(more for (_, kind, _), more in self.unlisted.items() if kind == severity)

    @property
    def errors(self) -> int:
        return self.count("error")

    @property
    def warnings(self) -> int:
        return self.count("warning")

    def to_json(self) -> str:
        """``{"errors", "warnings", "read", "problems", "unlisted", "notes"}``"""
        unlisted = [
            {"rule": rule, "severity": severity, "where": where, "count": more}
            for (rule, severity, where), more in self.unlisted.items()
        ]
        problems = [asdict(problem) for problem in self.problems]
        document = {
            "errors": self.errors,
            "warnings": self.warnings,
            "read": self.summary.document() if self.summary is not None else None,
            "problems": problems,
            "unlisted": unlisted,
            "notes": self.notes,
        }
        return json.dumps(document, indent=2, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> "Report":
        document = json.loads(text)
        report = cls()
        report.extend(Problem(**problem) for problem in document["problems"])
        report.notes += document.get("notes", [])
        for row in document["unlisted"]:
            report.unlisted[row["rule"], row["severity"], row["where"]] += row["count"]
        if document.get("read") is not None:
            report.summary = InputSummary(**document["read"])
        return report

    def to_markdown(self) -> str:
        """The report as readable text: the summary of the data, then a table each for errors and warnings."""
        lines = [
            "# Validation report",
            "",
            f"{_plural(self.errors, 'error')}, {_plural(self.warnings, 'warning')}.",
        ]
        if self.errors:
            lines.append("The run stopped before training; the previous forecast stays in place.")
        if self.summary is not None:
            lines += ["", "## Data", "", "| | |", "|---|---|"]
            lines += [f"| {name} | {_cell(text)} |" for name, text in self.summary.facts()]
        for severity in ("error", "warning"):
            found = [problem for problem in self.problems if problem.severity == severity]
            if not found:
                continue
            lines += [
                "",
                f"## {severity.capitalize()}s",
                "",
                "| Rule | Location | Problem | Fix |",
                "|---|---|---|---|",
            ]
            lines += [
                "| " + " | ".join(_cell(text) for text in (g.rule, g.where, g.message, g.remedy)) + " |"
                for g in grouped(found)
            ]
            for (rule, kind, where), more in self.unlisted.items():
                if kind == severity:
                    lines.append(f"| {rule} | {_cell(where)} | {more:,} more like these | |")
        if self.notes:
            lines += ["", "## Notes", "", *(f"- {note}" for note in self.notes)]
        return "\n".join(lines) + "\n"


def _plural(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def _on_one_line(item: str) -> str:
    return item if item.isprintable() else repr(item)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ").replace("\r", " ")
