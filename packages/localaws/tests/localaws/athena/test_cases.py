"""What Athena's SQL means: every file in cases/ is one rule, with its source.

A running Trino was asked the same (scripts/compare_with_trino.py): a case either has its answer, or says in
``trino`` why Athena's is another one.
"""

import json
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.localaws.athena.lake import Failed, Lake

CASES = sorted((Path(__file__).parent / "cases").glob("*.json"))


@pytest.mark.parametrize("path", CASES, ids=[path.stem for path in CASES])
def test_case(lake: Lake, path: Path) -> None:
    case: dict[str, Any] = json.loads(path.read_text())
    for name, table in case.get("tables", {}).items():
        lake.make_table(name, table)
    try:
        if "error" in case:
            with pytest.raises((Failed, ClientError)) as failure:
                lake.ask(case["sql"])
            assert case["error"] in str(failure.value)
        else:
            answer = lake.ask(case["sql"])

            assert answer.rows == case["rows"]
            assert answer.types == case.get("types", answer.types)
            assert answer.columns == case.get("columns", answer.columns)
    finally:
        for name in case.get("tables", {}):
            lake.drop_table(name)


def test_every_case_says_why_and_where_from() -> None:
    for path in CASES:
        case = json.loads(path.read_text())

        assert case["why"], path
        assert case["source"].startswith("https://"), path


def test_trino_gave_the_same_answers_except_where_a_case_says_why_not() -> None:
    answers = json.loads((CASES[0].parents[1] / "trino_answers.json").read_text())["answers"]
    cases = {path.stem: json.loads(path.read_text()) for path in CASES}
    asked = {name: case for name, case in cases.items() if "tables" not in case}

    assert {case["sql"] for case in asked.values()} == answers.keys(), "run scripts/compare_with_trino.py"
    for name, case in asked.items():
        answer = answers[case["sql"]]
        same = case["error"].partition(":")[0] in answer if "error" in case else case["rows"] == answer
        assert same != bool(case.get("trino")), (name, answer, case.get("trino"))
