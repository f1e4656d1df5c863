"""Sums of a hierarchy become series of their own, in shards after those of the input."""

import numpy as np
import pytest

from stepcast.pipeline import layout, objects, shard_list
from stepcast.pipeline.hierarchy import limit
from stepcast.pipeline.shards import Shard, read_shard
from tests.pipeline.importing.harness import RUN, ImportFiles, Outcome

METADATA = "item_id:string category:string color:string"
PRODUCTS = {"metadata/m.csv": "apple,fruit,red\npear,fruit,green\nrye,bread,brown\n"}
UNKNOWN = {"middlefill": "nan", "backfill": "nan"}
HIERARCHY = {"Hierarchy": {"Levels": ["category"]}, "metadata": METADATA}
DAYS = {"frequency": "D", "timestamp_format": "yyyy-MM-dd"}


def rows(item: str, *values: float | None, first: int = 1) -> str:
    lines = [
        f"2026-01-{first + day:02},{value},{item}\n" for day, value in enumerate(values) if value is not None
    ]
    return "".join(lines)


def sums_of(outcome: Outcome) -> Shard:
    (number,) = shard_list.sum_shards(outcome.s3, outcome.bucket, RUN)
    return read_shard(objects.read(outcome.s3, outcome.bucket, layout.shard(RUN, number)))


def test_gaps_are_bridged_and_a_sum_is_observed_if_any_part_is(import_files: ImportFiles) -> None:
    given = rows("apple", 1, None, 3, 4, None) + rows("pear", 10, None, 30, first=2) + rows("rye", 7, first=5)
    outcome = import_files(given, PRODUCTS, **DAYS, **HIERARCHY, filling=UNKNOWN)

    shard = sums_of(outcome)
    assert shard.key_names == ("level", "category")
    assert shard.keys == (("total", ""), ("category", "bread"), ("category", "fruit"))
    total, bread, fruit = shard.panel.values
    assert fruit.tolist() == [1, 12, 23, 34, 34]
    assert bread.tolist() == [7]
    assert total.tolist() == [1, 12, 23, 34, 41]
    assert shard.panel.observed[2].tolist() == [True, True, True, True, False]
    assert shard.panel.observed[0].all()
    assert shard.panel.metadata is not None
    assert shard.panel.metadata.values == (("", ""), ("bread", "brown"), ("fruit", ""))


def test_related_features_of_a_sum_are_the_means_of_its_parts(import_files: ImportFiles) -> None:
    prices = "".join(
        f"{item},2026-01-{day:02},{price + day}\n"
        for item, price in (("apple", 1), ("pear", 3), ("rye", 5))
        for day in range(1, 5)
    )
    outcome = import_files(
        rows("apple", 1, 2, 3) + rows("pear", 4, 5, 6) + rows("rye", 7, 8, first=2),
        {**PRODUCTS, "related/r.csv": prices},
        **DAYS,
        **HIERARCHY,
        related="item_id:string timestamp:timestamp price:float",
    )

    related = sums_of(outcome).panel.related
    assert related is not None
    total, bread, fruit = related.values
    np.testing.assert_allclose(fruit, [[3, 4, 5, 6]])
    np.testing.assert_allclose(bread, [[7, 8, 9]])
    np.testing.assert_allclose(total, [[3, 5, 6, 7]])


def test_too_many_groups_are_refused_before_anything_is_trained(
    import_files: ImportFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limit, "MOST_SUMS", 3)
    outcome = import_files(rows("apple", 1, 2, 3) + rows("rye", 4, 5, 6), PRODUCTS, **DAYS, **HIERARCHY)

    assert outcome.error.path == "$.Predictor.Hierarchy.Levels"
    assert "Leave out the level category, or reduce the horizon" in outcome.error.remedy
