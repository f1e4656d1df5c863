"""``Forecaster(hierarchy=...)``: all levels are forecast, bit for bit as the steps of a run forecast them."""

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from stepcast import Forecaster, InvalidInput, NoHierarchy, WrongFrame
from stepcast.pipeline import layout, tables, vintages
from stepcast.pipeline.hierarchy import limit
from stepcast.pipeline.run import Run
from stepcast.pipeline.steps.create_dataset import create_dataset
from stepcast.pipeline.steps.import_data import import_data
from tests.pipeline.mocked import mocked_aws
from tests.pipeline.steps.conftest import BUCKET, Account
from tests.pipeline.steps.whole_run import leaderboard, rows_under, run_on

KINDS = {"apple": "fruit", "pear": "fruit", "rye": "bread", "wheat": "bread", "spelt": "bread"}
ITEMS = pd.DataFrame({"item_id": [*KINDS], "Kind of item": [*KINDS.values()]})
MOST = 24  # of an item a day
OUTPUTS = ["mean", "p10", "p50", "p90"]
WHERE = ["level", "Kind of item", "item_id"]


def frame_of(days: int = 84) -> pd.DataFrame:
    chance = np.random.default_rng(0)
    moments = pd.date_range("2026-01-01", periods=days)
    week = np.arange(days) % 7
    return pd.concat(
        pd.DataFrame(
            {"item_id": item, "timestamp": moments, "target_value": size + week + chance.normal(size=days)}
        )
        for size, item in enumerate(KINDS, start=10)
    )


def made(hierarchy: Any, **arguments: Any) -> Forecaster:
    return Forecaster(7, algorithm="NPTS", hierarchy=hierarchy, **arguments)


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    return frame_of()


@pytest.fixture(scope="module")
def forecaster(frame: pd.DataFrame) -> Forecaster:
    """Of the AutoPredictor, which learns from series and sums together."""
    asked = Forecaster(7, hierarchy=["Kind of item"], mean=True, windows=2, bounds=(0, MOST))
    return asked.fit(frame, metadata=ITEMS)


def run_of(forecaster: Forecaster, frame: pd.DataFrame, account: Account) -> Run:
    """The steps of a run with the forecaster's params.json and rows."""
    account.s3.create_bucket(Bucket=BUCKET)
    account.put("metadata/items.csv", ITEMS.to_csv(index=False, header=False))
    account.put("params.json", json.dumps(forecaster.params_))
    account.put("train/a.csv", frame.to_csv(index=False, header=False))
    return run_on(account, import_data(create_dataset(account.run(), s3=account.s3), s3=account.s3))


@pytest.fixture(scope="module")
def run(forecaster: Forecaster, frame: pd.DataFrame) -> Iterator[tuple[Account, Run]]:
    """A run with the forecaster's params.json and rows, which no test changes."""
    with pytest.MonkeyPatch.context() as patch, mocked_aws():
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        account = Account(boto3.client("s3"))
        yield account, run_of(forecaster, frame, account)
        account.s3.close()


def long(predicted: pd.DataFrame, keys: list[str]) -> set[tuple[str, ...]]:
    """Rows as the files have them, with every digit."""
    stamps = predicted["timestamp"].dt.strftime("%Y-%m-%d")
    return {
        (*key, stamp, output, repr(value))
        for output in OUTPUTS
        for key, stamp, value in zip(
            predicted[keys].itertuples(index=False, name=None), stamps, predicted[output], strict=True
        )
    }


def of_files(rows: list[dict[str, str]], keys: list[str]) -> set[tuple[str, ...]]:
    return {
        (*(row[key] for key in keys), row["timestamp"], row["type"], repr(float(row["target_value"])))
        for row in rows
    }


def test_all_levels_are_those_of_a_run(forecaster: Forecaster, run: tuple[Account, Run]) -> None:
    account, told = run
    levels = rows_under(account, layout.levels(layout.FORECAST, told.vintage))
    series = rows_under(account, layout.clean(layout.FORECAST, told.vintage))

    predicted = forecaster.predict_levels().replace({"level": {"Kind of item": "kind_of_item"}})
    assert list(predicted) == [*WHERE, "timestamp", *OUTPUTS]
    assert long(predicted, WHERE) == of_files(levels, ["level", "kind_of_item", "item_id"])
    assert long(forecaster.predict(), ["item_id"]) == of_files(series, ["item_id"])
    assert forecaster.params_["Predictor"]["Hierarchy"] == {"Levels": ["kind_of_item"]}


def test_the_accuracy_of_levels_is_that_of_a_run(forecaster: Forecaster, run: tuple[Account, Run]) -> None:
    account, told = run
    manifest = vintages.read(account.s3, BUCKET, told.vintage)
    assert manifest is not None
    key = f"{layout.accuracy(manifest.predictor, tables.ACCURACY_LEVELS)}part-0.parquet"
    expected = pq.read_table(io.BytesIO(account.body(key))).to_pandas()

    levels = forecaster.accuracy_levels()
    assert levels["level"].tolist() == ["total", "Kind of item", "series", "total", *["Kind of item"] * 2]
    renamed = levels.replace("Kind of item", "kind_of_item").rename(columns={"Kind of item": "kind_of_item"})
    pd.testing.assert_frame_equal(renamed, expected, check_exact=True)
    board = pd.DataFrame(leaderboard(account))
    pd.testing.assert_frame_equal(forecaster.leaderboard(), board, check_exact=True, check_dtype=False)
    assert "score_unreconciled" in board


def test_levels_add_up_from_the_total_down(forecaster: Forecaster) -> None:
    levels = forecaster.predict_levels()

    assert levels["level"].unique().tolist() == ["total", "Kind of item", "series"]
    sums = [own.groupby("timestamp")["mean"].sum() for _, own in levels.groupby("level")]
    for other in sums[1:]:
        np.testing.assert_allclose(sums[0], other, rtol=1e-9)
    other = forecaster.predict_levels(quantiles=[0.33])
    assert list(other) == [*WHERE, "timestamp", "mean", "p33"]
    assert other["p33"].between(levels["p10"], levels["p50"]).all()


def test_a_saved_hierarchy_is_the_same_and_forecasts_new_rows(
    forecaster: Forecaster, frame: pd.DataFrame, tmp_path: Path
) -> None:
    forecaster.save(tmp_path / "file")
    loaded = Forecaster.load(tmp_path / "file")

    pd.testing.assert_frame_equal(loaded.predict(), forecaster.predict())
    pd.testing.assert_frame_equal(loaded.predict_levels(), forecaster.predict_levels())
    pd.testing.assert_frame_equal(loaded.accuracy_levels(), forecaster.accuracy_levels())
    pd.testing.assert_frame_equal(
        loaded.predict_levels(frame, metadata=ITEMS), forecaster.predict_levels(), check_exact=True
    )
    assert loaded.get_params()["hierarchy"] == ("Kind of item",)


def test_other_windows_are_reconciled_too(frame: pd.DataFrame, monkeypatch: pytest.MonkeyPatch) -> None:
    one = made(["Kind of item"]).fit(frame, metadata=ITEMS)
    two = made(["Kind of item"], windows=2).fit(frame, metadata=ITEMS)

    pd.testing.assert_frame_equal(one.backtest(windows=2), two.backtest(), check_exact=True)
    monkeypatch.setattr(limit, "MOST_SUMS", 2 * 7 * 2)
    with pytest.raises(InvalidInput, match=r"hierarchy: .*2 groups.*reduce horizon or windows"):
        one.backtest(windows=5)


def test_levels_may_be_columns_that_identify_a_series_with_a_method_of_their_own(frame: pd.DataFrame) -> None:
    both = frame.rename(columns={"item_id": "SKU"}).assign(Store=lambda rows: rows["SKU"].map(KINDS))

    asked = {"Levels": ["Store"], "Method": "BottomUp"}
    forecaster = made(asked, mean=True).fit(both, item_id=["SKU", "Store"])
    total = made((), mean=True).fit(frame, item_id="item_id")

    levels = forecaster.predict_levels()
    assert list(levels)[:4] == ["level", "Store", "SKU", "timestamp"]
    assert levels.loc[levels["level"] == "Store", "Store"].unique().tolist() == ["bread", "fruit"]
    alone = made(None, mean=True).fit(both, item_id=["SKU", "Store"]).predict()
    np.testing.assert_allclose(forecaster.predict()["mean"], alone["mean"])
    assert total.predict_levels()["level"].unique().tolist() == ["total", "series"]
    assert total.params_["Predictor"]["Hierarchy"] == {"Levels": []}


@pytest.mark.parametrize(
    ("hierarchy", "metadata", "said"),
    [
        (
            ["Kind"],
            ITEMS,
            "'kind' is neither a column of item_id= nor one of metadata=.*There are kind_of_item",
        ),
        ("Kind of item", None, "There are none: give fit metadata= with a row for each item"),
        (["item_id"], ITEMS, "Remove it: series are always the last level"),
        (["Kind of item"] * 2, ITEMS, "Name each level once"),
        ({"Levels": ["Kind of item"], "Method": "mint"}, ITEMS, "Did you mean 'MinT'"),
        ({"Levls": ["Kind of item"]}, ITEMS, "no key 'Levls'. Did you mean 'Levels'"),
        (3, ITEMS, r'3 is no list of columns. Write their names, such as \["category"\]'),
    ],
)
def test_wrong_hierarchies_get_the_remedies_of_a_run(
    hierarchy: Any, metadata: Any, said: str, frame: pd.DataFrame
) -> None:
    with pytest.raises(InvalidInput, match=f"hierarchy: .*{said}") as caught:
        made(hierarchy).fit(frame, metadata=metadata)
    assert "$." not in str(caught.value)


def test_columns_of_results_are_not_there_twice(frame: pd.DataFrame) -> None:
    with pytest.raises(WrongFrame, match="metadata: 'scope' is the name of a column of results"):
        made(["scope"]).fit(frame, metadata=ITEMS.rename(columns={"Kind of item": "scope"}))
    with pytest.raises(WrongFrame, match="df: 'level' is the name of a column of results"):
        made(()).fit(frame.rename(columns={"item_id": "level"}), item_id="level")


def test_levels_need_a_hierarchy(frame: pd.DataFrame) -> None:
    forecaster = made(None).fit(frame)

    for method in (forecaster.predict_levels, forecaster.accuracy_levels):
        with pytest.raises(NoHierarchy, match=r'fit with hierarchy=, such as hierarchy=\["category"\]'):
            method()
