"""History outside of Predictor.Bounds: where, what, and what to change."""

from tests.pipeline.importing.harness import ImportFiles

TRAIN = "2026-01-01,1,a\n2026-01-02,105,a\n2026-01-04,120,a\n2026-01-01,3,b\n2026-01-04,-2,b\n"
DAYS = {"frequency": "D", "timestamp_format": "yyyy-MM-dd"}
METADATA = "item_id:string capacity:string"


def test_a_value_outside_is_refused_with_its_row_and_what_to_change(import_files: ImportFiles) -> None:
    outcome = import_files(TRAIN, **DAYS, Bounds={"Minimum": 0, "Maximum": 100})

    below, above = (one for one in outcome.report.problems if one.severity == "error")
    assert (above.rule, above.file, above.line, above.item) == ("V05", "train/a.csv", 2, "a")
    assert above.message == (
        "105 at 2026-01-02 is above the maximum, 100; the series has 1 more such value, up to 120"
    )
    assert above.remedy == "Correct the value, or set Predictor.Bounds.Maximum to 120 or more"
    assert (below.file, below.line, below.item) == ("train/a.csv", 5, "b")
    assert "set Predictor.Bounds.Minimum to -2 or less" in below.remedy


def test_a_gap_that_is_filled_outside_names_the_filling(import_files: ImportFiles) -> None:
    outcome = import_files("2026-01-01,7,a\n2026-01-03,8,a\n", **DAYS, Bounds={"Minimum": 5})

    assert outcome.error.message == "the gap at 2026-01-02 is filled with 0, which is below the minimum, 5"
    assert outcome.error.remedy.startswith("Set middlefill and backfill to nan or another method")


def test_each_item_may_have_its_own_bound(import_files: ImportFiles) -> None:
    settings = {**DAYS, "metadata": METADATA, "Bounds": {"MaximumAttribute": "capacity"}}

    fits = import_files(TRAIN, {"metadata/m.csv": "a,120\nb,3.5\n"}, **settings)
    assert fits.report.errors == 0

    short = import_files(TRAIN, {"metadata/m.csv": "a,110\nb,3.5\n"}, **settings)
    assert short.error.message == "120 at 2026-01-04 is above the maximum, 110 (capacity in the metadata)"
    assert short.error.remedy == "Correct the value, or correct capacity in the metadata"

    wrong = import_files(TRAIN, {"metadata/m.csv": "a,110 kW\nb,\n"}, **settings)
    problems = [one for one in wrong.report.problems if one.severity == "error"]
    assert [(one.rule, one.file, one.item) for one in problems] == [
        ("V12", "metadata/", "a"),
        ("V12", "metadata/", "b"),
    ]
    assert problems[0].message == "capacity is '110 kW', and it is the maximum of the forecast"
    assert problems[1].message.startswith("capacity is missing")
