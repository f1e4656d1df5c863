"""MonitorDrift on the item metadata: which kinds of items there are, and how many of each."""

import json
from collections import Counter
from typing import Any

import pytest

from stepcast.pipeline import layout, objects
from stepcast.pipeline.monitoring import categories
from stepcast.pipeline.monitoring.findings import LEAST_MIX
from tests.pipeline.given import MINIMAL
from tests.pipeline.steps.conftest import BUCKET, Account
from tests.pipeline.steps.test_monitor_drift import FIRST, SECOND, found, monitored, published, rows, sales

ITEMS = tuple(f"item {number:02}" for number in range(12))
BRANDS = {
    "DatasetName": "Brands",
    "Domain": "CUSTOM",
    "DatasetType": "ITEM_METADATA",
    "Schema": {
        "Attributes": [
            {"AttributeName": "item_id", "AttributeType": "string"},
            {"AttributeName": "brand", "AttributeType": "string"},
            {"AttributeName": "pack", "AttributeType": "string"},
        ]
    },
}
WITH_BRANDS: dict[str, Any] = {"Datasets": [*MINIMAL["Datasets"], BRANDS]}


def brands(account: Account, counts: dict[str, int], pack: str = "small") -> None:
    """Metadata of the twelve items: so many of each brand, in the items' order."""
    named = list(Counter(counts).elements())
    account.put(
        "metadata/a.csv",
        "".join(f"{item},{brand},{pack}\n" for item, brand in zip(ITEMS, named, strict=True)),
    )


def told(account: Account, before: dict[str, int], now: dict[str, int], **changes: Any) -> list[Any]:
    """The rows of the table drift where the items' brands were ``before`` and are ``now``."""
    brands(account, before)
    published(account, sales(140), **WITH_BRANDS, **changes)
    brands(account, now)
    run = monitored(account, SECOND, sales(175), **WITH_BRANDS, **changes)
    return rows(account, run, "drift")


def test_the_same_kinds_of_items_are_no_news(account: Account) -> None:
    assert told(account, {"acme": 6, "bolt": 6}, {"acme": 6, "bolt": 6}) == []


def test_a_category_that_is_new_or_gone_is_a_notice_of_the_whole_panel(account: Account) -> None:
    found_rows = told(account, {"acme": 6, "bolt": 5, "cord": 1}, {"acme": 6, "bolt": 5, "dash": 1})

    assert [(row["severity"], row["test"], row["detail"], row["item_id"]) for row in found_rows] == [
        ("notice", "new_category", "brand 'dash': 1 item", None),
        ("notice", "vanished_category", "brand 'cord': 1 item before", None),
    ]


def test_another_mix_of_items_is_drift_and_a_reason_to_train_again(account: Account) -> None:
    mixed = told(account, {"acme": 11, "bolt": 1}, {"acme": 1, "bolt": 11})

    (row,) = mixed
    assert (row["severity"], row["kind"], row["test"]) == ("drift", "data", "item_mix")
    assert row["detail"] == "brand 'acme': 92% of the items before, 8% now"
    assert row["p"] < 0.001
    summary = found(account, account.run(SECOND))
    assert (summary.mixed, summary.drift, summary.drifted) == (True, True, 0)
    assert "The mix of items" in summary.paragraph()


def test_one_item_of_another_kind_is_no_other_mix(account: Account) -> None:
    assert told(account, {"acme": 7, "bolt": 5}, {"acme": 6, "bolt": 6}) == []


def test_of_very_many_items_a_small_change_of_the_mix_is_none(account: Account) -> None:
    """A hundred thousand items make a change of one in a hundred certain, and still no reason to train."""
    before, now = {"acme": 50_000, "bolt": 50_000}, {"acme": 51_000, "bolt": 49_000}

    assert not mixed(account, before, now)
    assert mixed(account, before, {"acme": 56_000, "bolt": 44_000})
    assert LEAST_MIX == 0.05


def mixed(account: Account, before: dict[str, int], now: dict[str, int]) -> bool:
    """Whether the step takes these for another mix: of panels too large to make here, the counts are."""
    from stepcast.engine.frequency import Frequency
    from stepcast.pipeline.monitoring.findings import Findings, compare_categories
    from stepcast.pipeline.params import Params

    findings = Findings(Params.model_validate(MINIMAL), Frequency.parse("D"), 0)
    compare_categories(findings, {"brand": before}, {"brand": now})
    return findings.mixed


def test_an_attribute_that_only_one_run_has_is_not_compared(account: Account) -> None:
    published(account, sales(140))
    brands(account, {"acme": 12})

    run = monitored(account, SECOND, sales(175), **WITH_BRANDS)

    assert rows(account, run, "drift") == []


def test_counts_of_a_run_are_kept_with_its_vintage(account: Account) -> None:
    brands(account, {"acme": 7, "bolt": 5})

    run = monitored(account, FIRST, sales(140), **WITH_BRANDS)

    kept = json.loads(objects.read(account.s3, BUCKET, layout.monitor_categories(run.vintage)))
    assert kept == {"brand": {"acme": 7, "bolt": 5}, "pack": {"small": 12}}


def test_an_attribute_with_as_many_values_as_items_names_items_and_is_left_out(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(categories, "MOST_VALUES", 3)
    counts = {"brand": Counter({"a": 2, "b": 1, "c": 1}), "label": Counter("abcd")}

    kept = categories.write(account.s3, BUCKET, FIRST, counts)

    assert kept == {"brand": {"a": 2, "b": 1, "c": 1}} == categories.read(account.s3, BUCKET, FIRST)


def test_a_vintage_older_than_monitoring_has_no_counts(account: Account) -> None:
    assert categories.read(account.s3, BUCKET, "2020-01-01T00-00-00Z") == {}
