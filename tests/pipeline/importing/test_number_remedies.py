"""A cell that is no number is answered with the number that it means, where that is clear."""

import re

import pytest

from stepcast.pipeline.importing.columns.number_remedies import number_remedy
from stepcast.pipeline.importing.columns.numbers import parse_float
from tests.pipeline.importing.harness import ImportFiles

WRITTEN = [
    ("$1,200.50", "1200.50"),
    ("-$1,200.50", "-1200.50"),
    ("$-12", "-12"),
    ("€ 12,50", "12.50"),
    ("12,50 €", "12.50"),
    ("USD 12", "12"),
    ("CHF 1'200.50", "1200.50"),
    ("R$ 1.234,56", "1234.56"),
    ("₹1,23,456.50", "123456.50"),
    ("15%", "15"),
    ("15.5 %", "15.5"),
    ("20 kWh", "20"),
    ("3.5k", "3.5"),
    ("(20)", "-20"),
    ("($1,200.50)", "-1200.50"),
    ("20-", "-20"),
    ("'20", "20"),
    ("\u221220", "-20"),
    ("\u201312.5", "-12.5"),
    ("\uff11\uff12", "12"),
    ("12,5", "12.5"),
    (",5", ".5"),
    ("1.234,56", "1234.56"),
    ("1 234,56", "1234.56"),
    ("1\u00a0234,56", "1234.56"),
    ("1\u202f234\u202f567", "1234567"),
    ("1,234,567", "1234567"),
    ("1.234.567", "1234567"),
    ("12*", "12"),
    ("~12", "12"),
    ("1,234", "1234"),
]


@pytest.mark.parametrize(("cell", "number"), WRITTEN)
def test_the_number_that_is_meant_is_written_out(cell: str, number: str) -> None:
    remedy = number_remedy(cell, "38.35")

    assert number in re.split(r"[ :]+", remedy), remedy
    assert parse_float(number) is not None


def test_a_comma_with_three_digits_may_mean_both() -> None:
    assert number_remedy("1,234", "38") == (
        "Write 1234 if the comma separates thousands, or 1.234 if it is a decimal comma"
    )


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ("N/A", "Leave the cell empty"),
        ("\u2013", "Leave the cell empty"),
        ("(blank)", "Leave the cell empty"),
        ("#DIV/0!", "spreadsheet error"),
        ("TRUE", "Write 1 instead of TRUE"),
        ("no", "Write 0 instead of no"),
        ("inf", "finite number"),
        ("1e999", "finite number"),
        ("many", "such as 38.35"),
        ("1/2", "such as 38.35"),
        ("2024-01-31", "such as 38.35"),
        ("1.2.3", "such as 38.35"),
        ("12 34", "such as 38.35"),
        ("0x1F", "such as 38.35"),
        ("1,2,3", "such as 38.35"),
    ],
)
def test_what_means_no_number_says_what_to_do(cell: str, said: str) -> None:
    assert said in number_remedy(cell, "38.35")


@pytest.mark.parametrize("kind", ["float", "integer"])
def test_the_import_names_the_line_and_the_number(import_files: ImportFiles, kind: str) -> None:
    rows = "".join(f"2014-01-{day:02},5,lamp\n" for day in range(1, 13))
    outcome = import_files(
        rows + '2014-01-13,"$1,200.50",lamp\n',
        columns=f"timestamp:timestamp target_value:{kind} item_id:string",
        frequency="D",
        timestamp_format="yyyy-MM-dd",
    )

    assert (outcome.error.rule, outcome.error.line) == ("V05", 13)
    assert outcome.error.remedy == "Write only the number: 1200.50"
