"""The report lists what a person can act on, and counts the rest."""

from stepcast.pipeline.input_summary import InputSummary
from stepcast.pipeline.problems import LISTED_PER_RULE, Problem, Report, grouped

READ = InputSummary(
    files=2,
    bytes=4200,
    rows=1234,
    items=3,
    first="2024-01-01",
    last="2024-12-31",
    frequency="D",
    anchor="calendar days",
    aggregation="sum",
    periods=1098,
    observed=1000,
    filled=98,
    doubled=234,
)


def row(line: int, rule: str = "V05", file: str = "train/a.csv") -> Problem:
    return Problem(
        rule, "error", f"'{line}' is no number", "Write a number", file=file, line=line, item="lamp"
    )


def test_a_problem_names_rule_file_line_item_and_remedy() -> None:
    assert str(row(7)) == "V05 train/a.csv line 7, item lamp: '7' is no number. Write a number"


def test_rows_beyond_the_limit_are_counted_for_each_rule_and_file() -> None:
    report = Report()
    report.extend(row(line) for line in range(LISTED_PER_RULE + 25))
    report.add(row(1, file="train/b.csv"))
    report.count_more(row(0), 1_000_000)

    assert len(report.problems) == LISTED_PER_RULE + 1
    assert report.errors == LISTED_PER_RULE + 25 + 1 + 1_000_000
    assert "| V05 | train/a.csv | 1,000,025 more like these | |" in report.to_markdown()


def test_a_report_survives_being_written_and_read() -> None:
    report = Report()
    report.extend(row(line) for line in range(LISTED_PER_RULE + 3))
    report.add(Problem("V13", "warning", "far ahead", "Shorten", path="$.Predictor.ForecastHorizon"))

    again = Report.from_json(report.to_json())

    assert again.to_json() == report.to_json()
    assert (again.errors, again.warnings) == (LISTED_PER_RULE + 3, 1)


def test_errors_come_before_warnings_and_cells_cannot_break_the_table() -> None:
    report = Report()
    report.add(Problem("V03", "warning", "a header", "Remove it", file="train/a.csv", line=1))
    report.add(Problem("V05", "error", "'a|b\nc' is no number", "Write a number", file="train/a.csv", line=2))

    text = report.to_markdown()

    assert text.index("## Errors") < text.index("## Warnings")
    assert "'a\\|b c' is no number" in text
    assert "1 error, 1 warning." in text


def test_warnings_alone_do_not_speak_of_a_stopped_run() -> None:
    report = Report()
    report.add(Problem("V03", "warning", "a header", "Remove it", file="train/a.csv", line=1))

    assert report.errors == 0
    assert "stopped" not in report.to_markdown()


def test_the_report_opens_with_what_was_read() -> None:
    report = Report(summary=READ)
    report.add(Problem("V03", "warning", "a header", "Remove it", file="train/a.csv", line=1))

    text = report.to_markdown()

    assert text.index("| Observed | 91% of 1,098 periods |") < text.index("## Warnings")
    assert "| Duplicates | 234 rows in a period that already has one (aggregated by sum) |" in text
    assert Report.from_json(report.to_json()).summary == READ


def test_what_was_not_laid_out_is_not_told() -> None:
    read = InputSummary(1, 9, 0, 0, None, None, "H", "full hours", "sum")

    assert [name for name, _ in read.facts()] == ["Files", "Rows", "Items", "Frequency"]
    assert str(read) == "1 file, 0 rows, 0 items, H (full hours)"


def test_problems_of_one_kind_are_one_line_with_all_places() -> None:
    report = Report()
    report.extend(row(line) for line in (7, 9, 12))
    report.add(row(3, file="train/b.csv"))
    report.add(
        Problem("V05", "error", "'price' is '7', not a number", "Write a number", file="train/a.csv", line=1)
    )

    assert [group.where for group in grouped(report.problems)] == [
        "train/a.csv lines 7, 9, 12",
        "train/b.csv line 3, item lamp",
        "train/a.csv line 1",
    ]
    assert "| V05 | train/a.csv lines 7, 9, 12 | '7' is no number; 2 more like it |" in report.to_markdown()


def test_a_group_names_items_where_there_are_no_lines_and_counts_the_rest() -> None:
    missing = [
        Problem("V12", "error", "no metadata", "Add it", file="metadata/", item=f"i{n}") for n in range(12)
    ]

    (group,) = grouped(missing)

    assert group.where == "metadata/, items i0, i1, i2, i3, i4, i5, i6, i7, i8, i9 and 2 more"


def test_columns_are_told_apart() -> None:
    bad = [
        Problem("V05", "error", f"{name!r} is 'x', no number", "-", file="a", line=1) for name in ("p", "q")
    ]

    assert len(grouped(bad)) == 2
