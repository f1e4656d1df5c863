"""Related series, item metadata, holidays and a new item, from the bucket to SQL."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from stepcast.pipeline import layout, resources
from tests.e2e.conftest import Stack

PAGE = Path(__file__).parents[2] / "docs/how-to/related.md"


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """What the documented example writes, by key."""
    folder = tmp_path_factory.mktemp("example")
    page = PAGE.read_text()
    (script,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    (params,) = re.findall(r"```json\n(.*?)```", page, re.DOTALL)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        exec(compile(script, str(PAGE), "exec"), {})  # noqa: S102  # the documentation's own code
    files = {str(path.relative_to(folder / "shop")): path.read_bytes() for path in folder.rglob("*.csv")}
    return {**files, "params.json": params.encode()}


def without(shop: dict[str, bytes]) -> dict[str, bytes]:
    """The same target, forecast from itself alone."""
    params = json.loads(shop["params.json"])
    params["Datasets"] = params["Datasets"][:1]
    del params["Predictor"]["InputDataConfig"]
    return {"params.json": json.dumps(params).encode(), "train/sales.csv": shop["train/sales.csv"]}


def drop(stack: Stack, files: dict[str, bytes]) -> dict[str, Any]:
    for folder in ("params.json", *layout.INPUTS):
        stack.delete(folder)
    return stack.drop(
        {**{k: v for k, v in files.items() if k != "params.json"}, "params.json": files["params.json"]}
    )


def score(stack: Stack) -> float:
    (row,) = stack.sql("SELECT min(score) AS score FROM leaderboard WHERE scope <> 'item'")
    return float(row["score"])


def test_the_documented_example_knows_more_than_the_target_alone(
    stack: Stack, shop: dict[str, bytes]
) -> None:
    """The AutoPredictor's: promotions known ahead make the backtest better, the new lamp sells like lamps."""
    alone = drop(stack, without(shop))
    assert alone["status"] == "SUCCEEDED", alone
    plain = score(stack)

    execution = drop(stack, shop)

    assert execution["status"] == "SUCCEEDED", execution
    assert stack.report(execution)["problems"] == []
    assert score(stack) < 0.8 * plain
    moved = stack.sql("SELECT impacts FROM leaderboard WHERE impacts LIKE '%promotion 0.%'")
    assert len(moved) > 3, stack.sql("SELECT item_id, impacts FROM leaderboard")
    middle = {
        row["item_id"]: float(row["sales"])
        for row in stack.sql(
            "SELECT item_id, avg(target_value) AS sales FROM forecast WHERE type = 'p50' GROUP BY item_id"
        )
    }
    assert set(middle) == {*(f"item-{number}" for number in range(8)), "item-new"}
    assert middle["item-1"] < 30 < middle["item-new"] < 150


def test_every_dataset_has_its_import_job(stack: Stack, shop: dict[str, bytes]) -> None:
    execution = drop(stack, shop)
    assert execution["status"] == "SUCCEEDED", execution

    (newest,) = stack.vintages()
    stamp = newest.replace("-", "")
    jobs = {
        name: resources.describe(stack.s3, stack.bucket, "dataset-import-job", f"{name}_{stamp}")
        for name in ("Sales", "Promotions", "Items")
    }
    assert {job["Status"] for job in jobs.values()} == {"ACTIVE"}
    assert jobs["Promotions"]["FieldStatistics"]["promotion"]["Count"] == 8 * 154
    assert jobs["Items"]["Items"] == 9


BAD = {
    "promotions end too early": (
        "related/promotions.csv",
        lambda text: "".join(line for line in text.splitlines(True) if not line.startswith("item-3,2025-06")),
        "V11",
        "item-3",
    ),
    "a promotion is a word": (
        "related/promotions.csv",
        lambda text: text + "item-3,2025-06-02,yes\n",
        "V05",
        "item-3",
    ),
    "an item is not in the metadata": (
        "metadata/items.csv",
        lambda text: text.replace("item-3,", "item-33,"),
        "V12",
        "item-3",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_what_is_wrong_beside_the_target_fails_clearly(
    stack: Stack, shop: dict[str, bytes], case: str
) -> None:
    key, change, rule, item = BAD[case]

    execution = drop(stack, {**shop, key: change(shop[key].decode()).encode()})

    assert execution["status"] == "FAILED"
    assert execution["error"] == "InvalidInputException"
    errors = [problem for problem in stack.report(execution)["problems"] if problem["severity"] == "error"]
    assert [(problem["rule"], problem["item"]) for problem in errors] == [(rule, item)]
    assert errors[0]["file"].startswith(key.partition("/")[0])
    assert errors[0]["remedy"]
