"""Rows are put on the forecast's grid as params.json says."""

import pytest

from stepcast.cli.chart_data import AGGREGATIONS
from stepcast.pipeline.params import Filling


def test_every_aggregation_that_params_json_allows_is_drawn() -> None:
    allowed = Filling.model_fields["aggregation"].annotation.__args__  # type: ignore[union-attr]

    assert set(AGGREGATIONS) == set(allowed)


@pytest.mark.parametrize(
    ("name", "value"), [("sum", 9.0), ("avg", 3.0), ("first", 4.0), ("min", 2.0), ("max", 4.0)]
)
def test_rows_of_one_period_become_one_value(name: str, value: float) -> None:
    assert AGGREGATIONS[name]([4.0, 2.0, 3.0]) == pytest.approx(value)
