"""Bad input ends in a clear report, and the last good forecast stays."""

import gzip
import json
from typing import Any

import pytest

from stepcast.pipeline import layout
from tests.e2e.conftest import Stack, daily_sales
from tests.pipeline.given import params_bytes, params_document

GOOD = daily_sales()
BAD: dict[str, tuple[dict[str, bytes], str, str]] = {
    "params.json is no JSON": ({"params.json": b'{"Predictor": '}, "params", "not JSON"),
    "a key is misspelt": ({"params.json": params_bytes(Predictor__Horizon=3)}, "params", "Horizon"),
    "a required column is missing": (
        {
            "params.json": params_bytes(
                Datasets__0__Schema__Attributes=params_document()["Datasets"][0]["Schema"]["Attributes"][:2]
            )
        },
        "V07",
        "target_value",
    ),
    "domains differ": ({"params.json": params_bytes(DatasetGroup__Domain="RETAIL")}, "V09", "RETAIL"),
    "a row has too many columns": ({"train/sales.csv": GOOD + b"lamp,2026-03-12,1,2\n"}, "V04", "4"),
    "a number is no number": ({"train/sales.csv": GOOD + b"lamp,2026-03-12,many\n"}, "V05", "many"),
    "a date does not exist": ({"train/sales.csv": GOOD + b"lamp,2026-02-30,1\n"}, "V06", "2026-02-30"),
    "dates are written otherwise": ({"train/sales.csv": GOOD.replace(b"2026-", b"26/")}, "V06", "26/"),
    "columns are separated by semicolons": (
        {"train/sales.csv": GOOD.replace(b",", b";")},
        "V01",
        "semicolon",
    ),
    "the file is a spreadsheet": ({"train/sales.csv": b"PK\x03\x04" + bytes(range(256)) * 20}, "V01", ""),
    "the text is UTF-16": ({"train/sales.csv": GOOD.decode().encode("utf-16")}, "V01", "UTF-16"),
    "the file is empty": ({"train/sales.csv": b""}, "V01", "empty"),
    "a compressed file is cut off": (
        {"train/sales.csv": GOOD, "train/more.csv.gz": gzip.compress(GOOD * 50)[:-200]},
        "V01",
        "",
    ),
}


@pytest.fixture(scope="module")
def good(stack: Stack) -> tuple[str, list[dict[str, Any]]]:
    """A forecast is in place: its vintage and rows."""
    execution = stack.drop({"params.json": params_bytes(), "train/sales.csv": GOOD})
    assert execution["status"] == "SUCCEEDED", execution
    (vintage,) = stack.vintages()
    return vintage, stack.sql("SELECT * FROM forecast ORDER BY item_id, type, timestamp")


@pytest.mark.parametrize("case", BAD)
def test_bad_input_fails_clearly_and_leaves_the_forecast(
    stack: Stack, good: tuple[str, list[dict[str, Any]]], case: str
) -> None:
    files, rule, said = BAD[case]
    stack.delete("train/")
    told = len(stack.aws.mailbox.messages())
    execution = stack.drop({"params.json": params_bytes(), "train/sales.csv": GOOD, **files})

    assert execution["status"] == "FAILED", execution
    assert execution["error"] == "InvalidInputException"
    assert "What" not in execution["cause"]
    report = stack.report(execution)
    errors = [problem for problem in report["problems"] if problem["severity"] == "error"]
    found = [problem for problem in errors if problem["rule"] == rule]
    assert found, errors
    assert any(said in problem["message"] + problem["remedy"] + str(problem["path"]) for problem in found), (
        found
    )
    assert all(problem["remedy"] for problem in errors)
    assert len(errors) <= 100
    run = json.loads(execution["input"])["run"]
    assert found[0]["rule"] in stack.text(layout.report(run, "md"))
    messages = stack.aws.mailbox.messages()
    assert any("InvalidInputException" in message.subject for message in messages[told:])
    vintage, rows = good
    assert stack.vintages() == {vintage}
    assert stack.sql("SELECT * FROM forecast ORDER BY item_id, type, timestamp") == rows
    assert stack.keys("runs/") == []
    assert stack.sql("SELECT count(*) AS n FROM train") == [{"n": "140"}]


def test_the_corrected_file_makes_a_forecast(stack: Stack, good: tuple[str, list[dict[str, Any]]]) -> None:
    stack.delete("train/")
    execution = stack.drop({"params.json": params_bytes(), "train/sales.csv": daily_sales(days=77)})

    assert execution["status"] == "SUCCEEDED"
    assert stack.vintages() != {good[0]}
