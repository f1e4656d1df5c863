"""Names of items and dimensions: readable in every table, and not mistaken for one another."""

import io

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from stepcast.pipeline.importing.entries.alike import difference, folded
from tests.pipeline.importing.harness import ImportFiles, Outcome

DAILY = {"frequency": "D", "timestamp_format": "yyyy-MM-dd"}
METADATA = "item_id:string category:string"
PRICES = "item_id,timestamp,price"
RELATED = "item_id:string timestamp:timestamp price:float"


def days(item: str, count: int = 3) -> str:
    return "".join(f"2024-01-{day:02d},{day},{item}\n" for day in range(1, count + 1))


def prices(item: str, count: int = 4) -> str:
    return "".join(f"{item},2024-01-{day:02d},5\n" for day in range(1, count + 1))


def names(outcome: Outcome) -> list[str]:
    return [p.message for p in outcome.report.problems if p.rule == "V05" and "look alike" in p.message]


@pytest.mark.parametrize("character", ["\n", "\r", "\r\n"])
def test_a_name_that_athena_cannot_read_is_refused_wherever_it_comes_from(
    import_files: ImportFiles, character: str
) -> None:
    """Athena's reader of CSV takes a line break for the end of the row, in quotes, too."""
    name = f"two{character}lines"
    quoted = f'"{name}"'

    def rule_and_file(train: str, **settings: object) -> tuple[str, str | None]:
        covariates = settings.pop("covariates", None)
        error = import_files(train, covariates=covariates, **DAILY, **settings).error  # type: ignore[arg-type]
        assert "Athena cannot read a forecast" in error.message
        assert "on one line" in error.remedy
        return error.rule, error.file

    assert rule_and_file(days("lamp") + f"2024-01-03,1,{quoted}\n") == ("V05", "train/a.csv")
    assert rule_and_file(
        "2024-01-01,1,lamp,south\n" + f"2024-01-01,1,lamp,{quoted}\n",
        columns="timestamp:timestamp target_value:float item_id:string store:string",
        dimensions=("store",),
    ) == ("V05", "train/a.csv")
    assert rule_and_file(
        days("lamp"), covariates={"metadata/m.csv": f"lamp,light\n{quoted},light\n"}, metadata=METADATA
    ) == ("V05", "metadata/m.csv")
    assert rule_and_file(
        days("lamp"), covariates={"related/r.csv": prices("lamp") + prices(quoted, 1)}, related=RELATED
    ) == ("V05", "related/r.csv")


def test_a_line_break_in_parquet_is_refused_too(import_files: ImportFiles) -> None:
    sink = io.BytesIO()
    columns = {"timestamp": ["2024-01-01"] * 2, "target_value": [1.0, 2.0], "item_id": ["lamp", "two\nlines"]}
    pq.write_table(pa.table(columns), sink)

    error = import_files({"a.parquet": sink.getvalue()}, **DAILY).error

    assert (error.rule, error.line) == ("V05", 2)


def test_a_line_break_in_an_attribute_harms_nobody(import_files: ImportFiles) -> None:
    metadata = 'lamp,"two\nlines"\n'

    outcome = import_files(days("lamp"), covariates={"metadata/m.csv": metadata}, metadata=METADATA, **DAILY)

    assert outcome.report.errors == 0


@pytest.mark.parametrize(
    ("one", "other", "how"),
    [
        ("A1", "a1", "case"),
        ("A1", "A1 ", "spaces"),
        ("A 1", "A  1", "spaces"),
        ("A 1", "A\u00a01", "spaces"),
        ("Stra\u00dfe", "STRASSE", "case"),
        ("caf\u00e9", "cafe\u0301", "the encoding of accented letters"),
        ("lamp", "\ufefflamp", "invisible characters"),
        ("lamp", "la\u200bmp", "invisible characters"),
        ("12", "12.0", "a trailing .0"),
        ("Lamp A", "lamp  a", "spaces and case"),
    ],
)
def test_names_that_look_like_one_are_said_in_one_warning(
    import_files: ImportFiles, one: str, other: str, how: str
) -> None:
    outcome = import_files(days(one) + days(other) + days("bulb"), **DAILY)

    assert outcome.report.errors == 0
    assert set(outcome.series) == {one, other, "bulb"}  # each as it is written
    (said,) = names(outcome)
    assert said.count(f"({how})") == 1


def test_names_that_look_like_one_are_found_in_dimensions(import_files: ImportFiles) -> None:
    outcome = import_files(
        "2024-01-01,1,lamp,North\n2024-01-01,1,bulb,north\n",
        columns="timestamp:timestamp target_value:float item_id:string store:string",
        dimensions=("store",),
        **DAILY,
    )

    (said,) = names(outcome)
    assert said.startswith("some values of 'store' look alike: 'North', 'north' (case)")


@pytest.mark.parametrize("other", ["cord", "lamp2", "lamp_", "1amp", "01", "1"])
def test_other_names_are_not_said(import_files: ImportFiles, other: str) -> None:
    assert names(import_files(days("lamp") + days(other), **DAILY)) == []


def test_leading_zeros_tell_items_apart_within_a_file() -> None:
    assert folded("007") != folded("7")
    assert difference("007", "7") == "leading zeros"


@pytest.mark.parametrize(
    ("written", "how"),
    [("LAMP", "case"), ("lamp ", "spaces"), ("\ufefflamp", "invisible characters")],
)
def test_an_item_that_the_metadata_spells_otherwise_is_told_so(
    import_files: ImportFiles, written: str, how: str
) -> None:
    outcome = import_files(
        days("lamp"), covariates={"metadata/m.csv": f"\n{written},light\n"}, metadata=METADATA, **DAILY
    )

    assert outcome.error.rule == "V12"
    assert f"metadata/ has {written!r}, which differs only in {how}" in outcome.error.message
    assert outcome.error.remedy == "Spell the name exactly as in train/"


def test_zeros_that_a_spreadsheet_dropped_are_found(import_files: ImportFiles) -> None:
    outcome = import_files(
        days("007"), covariates={"metadata/m.csv": "7,light\n"}, metadata=METADATA, **DAILY
    )

    assert "metadata/ has '7', which differs only in leading zeros" in outcome.error.message


def test_an_item_that_the_related_series_spell_otherwise_is_told_so(import_files: ImportFiles) -> None:
    outcome = import_files(
        days("lamp") + days("bulb"),
        covariates={"related/r.csv": prices("lamp") + prices("Bulb")},
        related=RELATED,
        **DAILY,
    )

    assert outcome.report.errors == 0
    (warning,) = outcome.warnings("V11")
    assert "for example 'bulb'; related/ has 'Bulb', which differs only in case" in warning.message


@pytest.mark.parametrize(
    "header",
    ["item_id,category", "item_id,colour", "Item ID,Kind", "sku,colour", "Product,Category", "x,category"],
)
def test_the_header_of_metadata_is_no_item(import_files: ImportFiles, header: str) -> None:
    metadata = f"{header}\nlamp,light\nbulb,light\ncord,wire\n"

    outcome = import_files(
        days("lamp") + days("bulb") + days("cord"),
        covariates={"metadata/m.csv": metadata},
        metadata=METADATA,
        **DAILY,
    )

    assert outcome.report.errors == 0
    assert set(outcome.series) == {"lamp", "bulb", "cord"}
    assert [warning.file for warning in outcome.warnings("V03")] == ["metadata/m.csv"]


def test_a_first_row_of_metadata_that_may_be_a_header_is_a_warning(import_files: ImportFiles) -> None:
    metadata = "Bezeichnung,Farbe\nlamp,red\nbulb,red\ncord,blue\n"

    outcome = import_files(
        days("lamp") + days("bulb") + days("cord"),
        covariates={"metadata/m.csv": metadata},
        metadata=METADATA,
        **DAILY,
    )

    (warning,) = outcome.warnings("V12")
    assert (warning.file, warning.line, warning.item) == ("metadata/m.csv", 1, "Bezeichnung")


def test_items_that_only_the_metadata_has_are_noted_and_no_warning(import_files: ImportFiles) -> None:
    metadata = "new1,red\nlamp,red\nnew2,blue\n"

    outcome = import_files(
        days("lamp", 28), covariates={"metadata/m.csv": metadata}, metadata=METADATA, **DAILY
    )

    assert (outcome.report.errors, outcome.report.warnings) == (0, 0)
    assert outcome.report.notes == [
        "These items appear only in the metadata and are forecast without a history: 'new1', 'new2'"
    ]


@pytest.mark.parametrize("name", ["nan", "NULL", "None"])
def test_an_item_without_a_name_is_a_warning(import_files: ImportFiles, name: str) -> None:
    (warning,) = import_files(days(name) + days("lamp"), **DAILY).warnings("V05")

    assert warning.message == f"some items are named {name!r}, which programs write for a missing name"


def test_a_row_of_totals_is_a_warning(import_files: ImportFiles) -> None:
    (warning,) = import_files(days("lamp", 28) + "2024-01-28,406,Total\n", **DAILY).warnings("V05")

    assert "'Total' has few values and looks like a row of totals" in warning.message


def test_a_series_of_totals_is_a_series(import_files: ImportFiles) -> None:
    outcome = import_files(days("lamp", 28) + days("Total", 28), **DAILY)

    assert (outcome.report.errors, outcome.report.warnings) == (0, 0)


@pytest.mark.parametrize("cell", ['"""lamp"""', "'lamp'", "'007", '="007"', '"12\\" pipe"'])
def test_quotes_around_a_name_are_a_warning(import_files: ImportFiles, cell: str) -> None:
    (warning,) = import_files(days("bulb") + days(cell), **DAILY).warnings("V05")

    assert warning.message.startswith("1 name contains quotes, for example ")


@pytest.mark.parametrize("name", ['12" pipe', "rock'n'roll", "men's", "O'Neil", "back\\slash"])
def test_quotes_within_a_name_are_not(import_files: ImportFiles, name: str) -> None:
    assert import_files(days(name), **DAILY).warnings("V05") == []


@pytest.mark.parametrize("header", ["item_id,category", "item_id,colour", "sku,x"])
def test_metadata_of_a_header_alone_has_no_rows(import_files: ImportFiles, header: str) -> None:
    outcome = import_files(days("lamp"), covariates={"metadata/m.csv": header}, metadata=METADATA, **DAILY)

    assert ("V01", 1, None) in outcome.errors
    assert "the file has a header but no rows" in outcome.report.problems[0].message


@pytest.mark.parametrize(
    ("key", "text", "said"),
    [
        ("metadata/m.csv", "lamp\nbulb\n", "'category' seems to be missing: add it, or remove it"),
        ("metadata/m.csv", "0,lamp,light\n1,bulb,light\n", "index=False"),
        ("related/r.csv", "timestamp,price\n2024-01-01,5\n", "'item_id' seems to be missing: add it"),
        (
            "related/r.csv",
            f"{PRICES},target_value\nlamp,2024-01-01,5,1\n",
            "belongs in the files under",
        ),
        (
            "related/r.csv",
            "item_id,timestamp,price,promo\nlamp,2024-01-01,5,1\n",
            '"promo", "AttributeType": "integer"',
        ),
    ],
)
def test_other_files_are_told_their_columns_too(
    import_files: ImportFiles, key: str, text: str, said: str
) -> None:
    settings = {"metadata": METADATA} if key.startswith("metadata") else {"related": RELATED}

    outcome = import_files(days("lamp"), covariates={key: text}, **settings, **DAILY)

    remedies = [problem.remedy for problem in outcome.report.problems if problem.file == key]
    assert len(remedies) == 1
    assert said in remedies[0]
    assert "item_id' seems to be missing: add it," not in remedies[0]  # the schema has to have it
