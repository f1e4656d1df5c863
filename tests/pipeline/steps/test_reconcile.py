"""A hierarchy from rows to exported files: all levels are forecast, agree, and are scored."""

import io
from collections import defaultdict
from collections.abc import Iterator

import boto3
import numpy as np
import pyarrow.parquet as pq
import pytest

from stepcast.pipeline import layout, shard_list, tables, vintages
from stepcast.pipeline.params import ALGORITHM_ARN
from stepcast.pipeline.run import Run
from tests.pipeline.given import MINIMAL
from tests.pipeline.mocked import mocked_aws
from tests.pipeline.steps.conftest import BUCKET, Account
from tests.pipeline.steps.whole_run import leaderboard, rows_under, run_steps

ITEMS = {"apple": "fruit", "pear": "fruit", "rye": "bread", "wheat": "bread", "spelt": "bread"}
PRODUCTS = {
    "DatasetName": "Products",
    "Domain": "CUSTOM",
    "DatasetType": "ITEM_METADATA",
    "Schema": {
        "Attributes": [{"AttributeName": name, "AttributeType": "string"} for name in ("item_id", "category")]
    },
}


MOST = 24  # of an item a day


def sales(days: int = 84) -> str:
    chance = np.random.default_rng(0)
    return "".join(
        f"{item},2026-{1 + day // 28:02}-{1 + day % 28:02},{level + day % 7 + chance.normal():.2f}\n"
        for level, item in enumerate(ITEMS, start=10)
        for day in range(days)
    )


@pytest.fixture(scope="module")
def made() -> Iterator[tuple[Account, Run]]:
    """A run with a hierarchy, which no test changes."""
    with pytest.MonkeyPatch.context() as patch, mocked_aws():
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        account = Account(boto3.client("s3"))
        account.s3.create_bucket(Bucket=BUCKET)
        account.put("metadata/items.csv", "".join(f"{item},{kind}\n" for item, kind in ITEMS.items()))
        run = run_steps(
            account,
            sales(),
            Datasets=[*MINIMAL["Datasets"], PRODUCTS],
            Predictor__Hierarchy={"Levels": ["category"]},
            Predictor__Bounds={"Minimum": 0, "Maximum": MOST},
            Predictor__PerformAutoML=False,
            Predictor__AlgorithmArn=f"{ALGORITHM_ARN}NPTS",
            Forecast__ForecastTypes=["0.1", "0.5", "0.9", "mean"],
        )
        yield account, run
        account.s3.close()


def test_every_levels_mean_is_the_sum_of_the_next(made: tuple[Account, Run]) -> None:
    account, run = made
    rows = rows_under(account, layout.levels(layout.FORECAST, run.vintage))

    assert list(rows[0]) == ["level", "category", "item_id", "timestamp", "target_value", "type"]
    sums: dict[str, dict[tuple[str, str], float]] = defaultdict(lambda: defaultdict(float))
    for row in rows:
        if row["type"] == "mean":
            for level, key in {"total": "", "category": row["category"]}.items():
                if row["level"] in (level, "series"):
                    sums[f"{row['level']} {level}"][key, row["timestamp"]] += float(row["target_value"])
    for level in ("total", "category"):
        own, below = sums[f"{level} {level}"], sums[f"series {level}"]
        assert own.keys() == below.keys()
        np.testing.assert_allclose([*own.values()], [below[key] for key in own], rtol=1e-9)


def test_series_are_exported_as_they_were_reconciled_and_quantiles_rise(made: tuple[Account, Run]) -> None:
    account, run = made
    rows = rows_under(account, layout.levels(layout.FORECAST, run.vintage))
    clean = rows_under(account, layout.clean(layout.FORECAST, run.vintage))

    of_series = [
        [row[name] for name in ("item_id", "timestamp", "target_value", "type")]
        for row in rows
        if row["level"] == "series"
    ]
    assert [[*row.values()] for row in clean] == of_series
    by_kind = {
        kind: np.array([float(row["target_value"]) for row in rows if row["type"] == kind])
        for kind in ("p10", "p50", "p90")
    }
    assert len(by_kind["p10"]) == (1 + 2 + 5) * 7
    assert (by_kind["p10"] <= by_kind["p50"]).all()
    assert (by_kind["p50"] <= by_kind["p90"]).all()


def test_bounds_are_those_of_series_and_not_of_their_sums(made: tuple[Account, Run]) -> None:
    account, run = made
    rows = rows_under(account, layout.levels(layout.FORECAST, run.vintage))

    largest = {row["level"]: 0.0 for row in rows}
    for row in rows:
        largest[row["level"]] = max(largest[row["level"]], float(row["target_value"]))
    assert largest["series"] <= MOST
    assert largest["category"] > MOST
    assert largest["total"] > 3 * MOST


def test_accuracy_is_told_by_level_beside_what_it_was_before(made: tuple[Account, Run]) -> None:
    account, run = made

    manifest = vintages.read(account.s3, BUCKET, run.vintage)
    assert manifest is not None
    key = f"{layout.accuracy(manifest.predictor, tables.ACCURACY_LEVELS)}part-0.parquet"
    rows = pq.read_table(io.BytesIO(account.body(key))).to_pylist()
    assert [(row["scope"], row["level"], row["category"]) for row in rows] == [
        *(("level", level, None) for level in ("total", "category", "series")),
        ("sum", "total", ""),
        ("sum", "category", "bread"),
        ("sum", "category", "fruit"),
    ]
    assert [row["points"] for row in rows] == [7, 14, 35, 7, 7, 7]
    assert list(rows[0]) == list(manifest.accuracy_levels_columns or {})
    for row in rows:
        assert 0 < row["average_wql"] < 0.2
        assert row["wql_unreconciled"] > 0
    assert "score_unreconciled" in leaderboard(account)[0]


def test_what_is_kept_to_forecast_again_are_the_series(made: tuple[Account, Run]) -> None:
    account, run = made

    manifest = vintages.read(account.s3, BUCKET, run.vintage)
    assert manifest is not None
    series = shard_list.series_shards(account.s3, BUCKET, run.work)
    assert shard_list.sum_shards(account.s3, BUCKET, run.work)
    for part in ("shards", "trained"):
        assert len(account.keys(layout.predictor(manifest.predictor, part))) == len(series)
