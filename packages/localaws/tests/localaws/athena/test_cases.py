"""What Athena's SQL means: every file in cases/ is one rule, with its source and whether real AWS agreed."""

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
        assert case["verified_on_aws"] is None, path
