"""The expected result for each folder of ../shared/data/cases, from its expected.md and the issue."""

import re
from dataclasses import dataclass
from pathlib import Path

from stepcast.pipeline.problems import Problem
from tests.pipeline.imports import by_pandas, check_keys, differences, keys_of

__all__ = ["CASES", "Case", "Said", "judge"]


@dataclass(frozen=True)
class Said:
    """A problem that the report has: how its place begins (``V05 train/t.csv line 61, item a``; the rule
    may be left out) and, as regular expressions, what message and remedy say."""

    place: str
    words: tuple[str, ...]
    severity: str = "error"

    def is_in(self, problems: list[Problem]) -> bool:
        return any(self._is(problem) for problem in problems if problem.severity == self.severity)

    def _is(self, problem: Problem) -> bool:
        text = f"{problem.message}. {problem.remedy}"
        begins = (
            f"{problem.rule} {problem.where}".startswith(self.place),
            problem.where.startswith(self.place),
        )
        return any(begins) and all(re.search(word, text, re.IGNORECASE | re.DOTALL) for word in self.words)


@dataclass(frozen=True)
class Case:
    """``problems`` are all that the report has, of both severities, unless ``more`` may be there.

    ``own_stamps``  each row is a period of its own, called by its stamp.
    ``also``        a file (from, to) that is laid there too, to make the folder what expected.md describes.
    ``elsewhere``   what expected.md says besides and another test holds.
    """

    problems: tuple[Said, ...] = ()
    own_stamps: bool = False
    also: tuple[str, str] | None = None
    more: bool = False
    elsewhere: str = ""

    @property
    def refused(self) -> bool:
        return any(said.severity == "error" for said in self.problems)

    def __str__(self) -> str:
        if not self.problems:
            return "read"
        told = [f"{said.severity} {said.place}: {', '.join(said.words)}" for said in self.problems]
        return ("refused; " if self.refused else "read; ") + "; ".join(told)


def error(place: str, *words: str) -> Said:
    return Said(place, words)


def warning(place: str, *words: str) -> Said:
    return Said(place, words, "warning")


def read(*warnings: Said, own_stamps: bool = False, elsewhere: str = "") -> Case:
    return Case(warnings, own_stamps=own_stamps, elsewhere=elsewhere)


def refused(*errors: Said, more: bool = False) -> Case:
    return Case(errors, more=more)


T = "train/t.csv"
HORIZON = "$.Predictor.ForecastHorizon"
FREQUENCY = "$.Predictor.FeaturizationConfig.ForecastFrequency"
HEADER = warning(f"V03 {T} line 1", "header and skipped")
BLANKS = warning("V05 train/", "leading or trailing spaces")
ENGINE = "the forecast: tests/engine"


def no_ending(name: str) -> Said:
    return warning(f"V01 train/{name}", "so the file is ignored")


def frequency(given: str, wanted: str) -> tuple[Said, Said]:
    said = (rf'"{given}"', wanted)
    return error("params $.Datasets[0].DataFrequency", *said), error(f"params {FREQUENCY}", *said)


CASES: dict[str, Case] = {
    "E2": read(elsewhere=ENGINE),
    "L1": refused(error("params $.predictor", "did you mean 'Predictor'"), more=True),
    "L3": refused(error("params $.datasets", "did you mean 'Datasets'"), more=True),
    "O01b": refused(error(f"V01 {T}", "UTF-16", "save it as UTF-8")),
    "O03": refused(error(f"V05 {T} line 1", "line break in a name", "one line")),
    "O04": refused(error(f"V04 {T} line 1", "last column|comma at the end|trailing comma", "empty")),
    "O05": read(HEADER),
    "O05b": read(HEADER),
    "O05d": read(),
    "O06": read(BLANKS, warning("V05 train/", "look alike", "'A'"), elsewhere="four items in SQL: tests/e2e"),
    "O10": refused(
        error(f"V05 {T} line 61, item a", r"\$1,200\.50", "1200.5"),
        error(f"V05 {T} line 62, item a", "15%", "without the sign"),
        error(f"V05 {T} line 63, item a", "20 kWh", "unit|20"),
        error(f"V05 {T} line 64, item a", r"\(20\)", "-20"),
        error(f"V05 {T} line 65, item a", "−20", "-20"),
        error(f"V05 {T} line 66, item a", "12,5", r"12\.5"),
        error(f"V05 {T} line 67, item a", r"1\.234\.567", "1234567"),
    ),
    "O12": read(),
    "O15": refused(error(f"V01 {T}", "empty")),
    "O15b": refused(error(f"V01 {T} line 1", "header but no rows")),
    "O15c": refused(error("V01 train/", "no row has a value")),
    "O15d": read(warning("V13 train/, item b", "none of its rows has a value")),
    "O16b": refused(error(f"V05 {T} line 1", "not in the order of the schema", "'item_id' is '20.04'")),
    "O28": read(elsewhere="the leap day: tests/engine/test_calendar"),
    "O31": refused(
        error(f"V06 {T} line 1", "not yyyy-MM-dd", "set TimestampFormat to 'yyyy-MM-dd HH:mm:ss'")
    ),
    "O31b": refused(
        error(f"V06 {T} line 1", "not yyyy-MM-dd HH:mm:ss", "set TimestampFormat to 'yyyy-MM-dd'")
    ),
    "O31d": refused(error(f"V06 {T} line 1", "24:00:00", "either of two days", "00:00:00")),
    "O32": read(),
    "O40": refused(error(f"V01 {T} line 1", "separated by tabs", "commas")),
    "O40c": refused(error(f"V04 {T} line 1", "4 cells", "decimal point")),
    "O41": read(),
    "O41b": refused(error(f"V04 {T} line 1", "1 cell"), error(f"V04 {T} line 2", "1 cell")),
    "O41c": refused(error(f"V06 {T} line 61, item Total", "total", "delete the row")),
    "O41d": refused(error(f"{T} line 1", "row number", "index=False")),
    "O42": read(),
    "O42b": read(),
    "O42c": refused(error("V01 train/", "there is no data file"), no_ending("data.txt")),
    "O42d": read(warning("V02 train/123.csv", "no letter")),
    "O42e": read(),
    "O42f": read(),
    "O42g": read(*map(no_ending, (".DS_Store", "_SUCCESS", "readme.md"))),
    "O42h": read(warning("", "5 rows", "part1.csv", "part2.csv", "aggregat")),
    "P01": read(),
    "P02": read(),
    "P02b": read(),
    "P03": read(),
    "P04": refused(error("V04 train/t.parquet", "remove '__index_level_0__'")),
    "P05": refused(error("V05 train/t.parquet", "'item_id' has type double", "text")),
    "P06": read(),
    "P07": read(),
    "P08": refused(error("V04 train/t.parquet", "remove 'price'")),
    "P09": read(),
    "Q01": refused(error("params $.datasetGroup", "did you mean 'DatasetGroup'"), more=True),
    "Q02": read(),
    "Q03": refused(error("params $.Datasets[0].Schema", "missing")),
    "Q04": refused(error("V09 $.Datasets[0].Domain", "RETAIL", "CUSTOM"), more=True),
    "Q05": refused(error("params $ line 1", "not JSON", "column 692")),
    "Q05c": refused(error("params $ line 1", "not JSON", "column 1")),
    "Q05d": read(),
    "Q05e": refused(error("params $", "not UTF-8")),
    "Q05f": refused(error("params $", "not JSON|empty")),
    "Q05g": refused(error("params $", "list, not an object")),
    "Q06": refused(
        *(error(f"V14 $.Forecast.ForecastTypes[{n}]", rf'"{t}"') for n, t in enumerate(("p10", "p50", "p90")))
    ),
    "Q06b": read(),
    "Q06d": refused(
        *(error(f"V14 $.Forecast.ForecastTypes[{n}]", rf'"{t}"') for n, t in enumerate(("10", "50", "90")))
    ),
    "Q06e": refused(
        *(error(f"V14 $.Forecast.ForecastTypes[{n}]", rf'"{t}"') for n, t in ((0, r"0\.025"), (2, r"0\.975")))
    ),
    "Q06f": read(elsewhere="the column mean alone: tests/pipeline/steps"),
    "Q06g": read(elsewhere="the order of quantiles: tests/pipeline/steps"),
    "Q07": refused(error(f"params {HORIZON}", "0 is not allowed")),
    "Q07b": refused(error(f"params {HORIZON}", "-3 is not allowed")),
    "Q07c": refused(error(f"params {HORIZON}", "501 is not allowed", "500")),
    "Q07d": refused(error(f"params {HORIZON}", r"1\.5 is not allowed")),
    **{
        name: refused(
            error("params $.TimestampFormat", "is not allowed", "'yyyy-MM-dd' or 'yyyy-MM-dd HH:mm:ss'")
        )
        for name in ("Q08", "Q08b", "Q08c", "Q08d", "Q08e")
    },
    "Q09": refused(error("V10 $.Datasets[0].Schema.Attributes[3]", "'price'", "RELATED_TIME_SERIES")),
    "Q10": read(),
    "Q11": read(elsewhere="Deep_AR_Plus where JAX is absent: tests/pipeline/test_read_params.py"),
    "Q12": read(),
    "Q14": refused(error("V17 $.DatasetGroup.DatasetGroupName", "My Shop-1")),
    "Q15": refused(error("V08 $.Datasets[0].Schema.Attributes[2]", "'name' is a reserved word")),
    "Q16": refused(error(f"V06 {FREQUENCY}", "finer than the data's frequency W")),
    "Q17": read(warning("", "2023-12", "15", "DropPartialPeriods")),
    "Q18": refused(error(f"V07 {FREQUENCY[:-18]}.Featurizations[0]", "'Zero' is not allowed", "zero")),
    "Q18b": refused(error(f"V07 {FREQUENCY[:-18]}.Featurizations[0]", "'mean' is not allowed", "avg")),
    "Q18c": refused(error(f"params {FREQUENCY[:-18]}.Featurizations[0]", "3 is not a string", "quotes")),
    "Q19": refused(error(f"V05 {T} line 1", r"21\.0", "the AttributeType of")),
    "Q20": read(),
    "R00": read(),
    "R01": refused(error(f"V06 {T}", "2022-10-21T00:00:00\\+02:00", '"TimeZone"')),
    "R03": read(warning(f"V06 {T} line 244, item meter", "2022-10-30 02:00:00", "line 243", "aggregation")),
    "R03b": read(elsewhere=ENGINE),
    "R03d": read(elsewhere=ENGINE),
    "R03e": read(elsewhere=ENGINE),
    "R05": refused(error("params $.Datasets[0].DatasetType", "one of 'TARGET_TIME_SERIES'"), more=True),
    "R06": read(own_stamps=True),
    "R07": read(own_stamps=True),
    **dict.fromkeys(("R07b", "R07c", "R07d", "R07e"), read(elsewhere=ENGINE)),
    "R10": refused(error(f"V01 {T} line 1", "semicolons")),
    "R11b": read(elsewhere=ENGINE),
    "R11c": read(elsewhere=ENGINE),
    "R12": refused(*frequency("B", "did you mean 'D'|weekend|middlefill")),
    "R12b": read(elsewhere=ENGINE),
    "R14": refused(error("V11 related/, item shop", "2024-04-06", "futurefill")),
    "R14b": read(),
    "R15a": refused(*frequency("15m", "did you mean '15min'")),
    "R15b": refused(*frequency("15T", "did you mean '15min'")),
    "R15c": read(),
    "R15d": refused(*frequency("60min", "'H'|H instead|mean 'H'")),
    "R15e": refused(*frequency("h", "did you mean 'H'")),
    "R15f": refused(*frequency("Hourly", "did you mean 'H'")),
    "R16": read(
        warning(f"V13 {HORIZON}", "allows at most 1"),
        warning("V15 $.Predictor.EvaluationParameters", "less than half", "send more history"),
        elsewhere=ENGINE,
    ),
    "R18": read(
        warning(f"V13 {HORIZON}", "384", "allows at most 96"),
        warning("V15 $.Predictor.EvaluationParameters", "enough for 0"),
    ),
    "R21": Case((error("", "9999-12-31"),), more=True),
    "R21b": Case((Said("", ("2204",), "error"),), more=True),
    "R21d": Case((warning("", "2025-02-10"),), more=True),
    "R29": read(own_stamps=True),
    "R30b": Case((warning("", "period"),)),
    "R35": refused(error(f"V04 {T} line 1", "item", "--item")),
    "R35b": refused(error("V07 $.Datasets[0].Schema.Attributes", "'item_id' is missing", "--item|constant")),
    "R37b": read(elsewhere=ENGINE),
    "R38": Case(),
    "R39": refused(error(f"{T} line 1", "cells|lines"), more=True),
    "R40": refused(error(f"{T} line 1", "row number", "index=False")),
    "R40c": refused(error(f"V04 {T} line 1", "'price'", "RELATED_TIME_SERIES")),
    "S01": refused(error("V12 metadata/, item A2", "not in the metadata")),
    "S02": refused(error("V12 metadata/", "'a1'", "case"), more=True),
    "S05c": read(warning("metadata/m.csv line 1", "header", "colour")),
    "S07": refused(error("V01 metadata/", "no data file")),
    "S08": read(warning("V07 $.Datasets", "metadata/m.csv", "no dataset")),
    "S11": refused(error("V11 related/r.csv, item A1", "2024-01-05", "not aggregated")),
    "S12": refused(*(error(f"V11 related/, item {i}", "2024-02-10", "middlefill") for i in ("A1", "A2"))),
    "S14": read(),
    "S15": refused(error("V11 $.Datasets[1].Schema.Attributes", "'target_value'")),
    "S16": refused(error("V11 $.Datasets[1].Schema.Attributes", "no column contains numbers"), more=True),
    "S17": refused(error("V11 $.Datasets[1].DataFrequency", "frequency D", "forecast W")),
    "S18": Case(
        (warning("", "train/prices.csv", "train/t.csv", "180|194"),),
        also=("related/r.csv", "train/prices.csv"),
        more=True,
    ),
    "SQL1": read(
        BLANKS,
        warning("V05 train/", "look alike", r"'1\.0'"),
        warning("V05 train/", "'NULL'", "missing name"),
        elsewhere="the ids in SQL: tests/localaws/athena",
    ),
    "SQLNAN": read(elsewhere="is_nan: tests/localaws/athena"),
}


def judge(folder: Path) -> tuple[str, list[str]]:
    """The import's result for a folder, in one line, and what is wrong with it."""
    case, keys = CASES[folder.name], keys_of(folder)
    if case.also is not None:
        keys[case.also[1]] = keys[case.also[0]]
    try:
        checked = check_keys(keys)
    except Exception as crash:  # a row of the table, like every other wrong answer
        return f"crash {crash!r}", ["no report"]
    problems = checked.report.problems
    wrong = [
        f"missing: {said.severity} {said.place} with {said.words}"
        for said in case.problems
        if not said.is_in(problems)
    ]
    if not case.more and len(problems) != len(case.problems):
        wrong.append(f"{len(problems)} problems instead of {len(case.problems)}")
    if case.refused != bool(checked.report.errors):
        wrong.append(f"{checked.report.errors} errors")
    if not case.refused and not checked.report.errors:
        wrong += differences(checked.totals, by_pandas(keys, own_stamps=case.own_stamps))
    return "; ".join(f"{problem.severity} {problem}" for problem in problems) or "read", wrong
