"""Totals: sums of histories and forecasts, and how far apart their quantiles are."""

import json
from urllib.parse import quote

import numpy as np
import pyarrow as pa
import pytest

from stepcast.console.totals import add_up, correlation
from tests.console.conftest import Many


def backtest(errors: np.ndarray) -> pa.Table:
    """Of one window, (series, moments): the forecast is 0, the interval is from -1 to 1."""
    series, moments = errors.shape
    return pa.table(
        {
            "backtestwindow_start_time": ["2026-01-01"] * errors.size,
            "timestamp": [str(moment) for moment in range(moments)] * series,
            "target_value": errors.ravel(),
            **{name: np.full(errors.size, value) for name, value in (("p10", -1), ("p50", 0.0), ("p90", 1))},
        }
    )


@pytest.mark.parametrize("together", [0.0, 0.3, 1.0])
def test_the_correlation_of_errors_is_found_and_the_sum_is_as_wide_as_they_make_it(together: float) -> None:
    chance = np.random.default_rng(3)
    alike, own = chance.normal(size=(1, 4000)), chance.normal(size=(30, 4000))
    errors = np.sqrt(together) * alike + np.sqrt(1 - together) * own

    found = correlation([backtest(errors)], "p50", ("p10", "p90"))

    assert found == pytest.approx(together, abs=0.03)
    edge = 1.2816  # of a normal distribution's 10%
    each = {"p10": np.full((30, 1), -edge), "p50": np.zeros((30, 1)), "p90": np.full((30, 1), edge)}
    summed = add_up([each], "p50", found)
    inside = (errors.sum(axis=0) > summed["p10"]) & (errors.sum(axis=0) < summed["p90"])
    assert inside.mean() == pytest.approx(0.8, abs=0.03)


def test_without_a_pair_nothing_is_known_of_errors() -> None:
    assert correlation([], "p50", ("p10", "p90")) is None
    assert correlation([backtest(np.ones((1, 5)))], "p50", ("p10", "p90")) is None


def test_the_groups_of_an_attribute_add_up_to_all(many: Many) -> None:
    told = many.get("totals?by=kind")

    assert told["attributes"] == ["kind"]
    assert sum(group["items"] for group in told["groups"]) == told["items"] == many.items
    assert sum(group["volume"] for group in told["groups"]) == pytest.approx(told["volume"])
    rugs = many.get("totals?by=kind&search=rug")["groups"]
    assert [(group["value"], group["items"]) for group in rugs] == [("rug", 428)]
    assert many.ask("totals?by=size")[0] == 400


def test_the_total_of_some_items_is_the_sum_of_theirs(many: Many) -> None:
    total = many.get("total?search=rug+0000")
    rows = many.get("items?search=rug+0000")["items"]
    series = [many.get(f"series?key={quote(json.dumps(row['key']))}") for row in rows]

    assert total["items"] == len(rows) > 10
    assert total["volume"] == pytest.approx(sum(row["volume"] for row in rows))
    assert total["forecast"]["t"] == series[0]["forecast"]["t"]
    middle = np.sum([one["forecast"]["outputs"]["p50"] for one in series], axis=0)
    assert total["forecast"]["outputs"]["p50"] == pytest.approx(middle.tolist())
    assert total["history"]["v"] == pytest.approx(np.sum([one["history"]["v"] for one in series], axis=0))
    widest = np.sum([one["forecast"]["outputs"]["p10"] for one in series], axis=0)
    assert (np.array(total["forecast"]["outputs"]["p10"]) >= widest).all()
    assert 0 <= total["correlation"] < 0.5
    assert many.get("total?by=kind&value=%22rug%22")["items"] == 428


def test_the_total_of_one_item_is_its_own_forecast(many: Many) -> None:
    total = many.get("total?search=rug-000004")
    own = many.get(f"series?key={quote(json.dumps(['rug-000004']))}")

    assert (total["items"], total["correlation"]) == (1, None)
    for name, values in own["forecast"]["outputs"].items():
        assert total["forecast"]["outputs"][name] == pytest.approx(values)
    assert many.ask("total?search=nothing")[0] == 404


def test_a_series_has_its_related_series_also_ahead(many: Many) -> None:
    told = many.get(f"series?key={quote(json.dumps(['rug-000004']))}")

    (price,) = told["related"]
    assert price["name"] == "price"
    assert price["t"] == told["history"]["t"] + told["forecast"]["t"]
    assert set(price["v"]) == {8.5, 9.5}
