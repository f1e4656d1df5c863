"""Publishing moves the tables, then rotates; repeating or interrupting it loses nothing."""

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from stepcast.pipeline import vintages
from stepcast.pipeline.errors import ResourceNotFoundException, Superseded
from stepcast.pipeline.steps.update_athena import update_athena
from tests.pipeline.steps.conftest import BUCKET, Account

OLD, NEW = "2026-01-01T00-00-00Z", "2026-01-02T00-00-00Z"


@pytest.fixture
def glue(account: Account) -> Iterator[Any]:
    client = boto3.client("glue")
    yield client
    client.close()


def publish(account: Account, vintage: str) -> None:
    update_athena(account.run(vintage), s3=account.s3, database="default")


def location(glue: Any, table: str) -> str:
    return str(glue.get_table(DatabaseName="default", Name=table)["Table"]["StorageDescriptor"]["Location"])


def history(glue: Any) -> list[str]:
    found = glue.get_partitions(DatabaseName="default", TableName="forecast_history")["Partitions"]
    return sorted(partition["Values"][0] for partition in found)


def test_tables_point_at_the_new_vintage_and_the_old_one_is_history(account: Account, glue: Any) -> None:
    account.exported(OLD)
    publish(account, OLD)
    account.exported(NEW)
    publish(account, NEW)

    assert location(glue, "forecast") == f"s3://{BUCKET}/forecast/{NEW}/clean/"
    assert location(glue, "forecast_wide") == f"s3://{BUCKET}/forecast/{NEW}/raw/"
    assert {key.split("/")[1] for key in account.keys("forecast/")} == {NEW}
    assert f"history/{OLD}/clean/part-0.csv" in account.keys("history/")
    assert history(glue) == [OLD]


def test_publishing_twice_is_publishing_once(account: Account, glue: Any) -> None:
    for vintage in (OLD, NEW, NEW):
        if vintage == OLD or not account.keys(f"forecast/{NEW}/"):
            account.exported(vintage)
        publish(account, vintage)

    assert history(glue) == [OLD]
    assert {key.split("/")[1] for key in account.keys("forecast/")} == {NEW}


def test_a_table_that_another_run_makes_at_the_same_moment_is_moved_and_not_deleted(
    account: Account, glue: Any
) -> None:
    account.exported(NEW)
    made: list[str] = []

    def first_by_another_run(params: dict[str, Any], **_: Any) -> None:
        table = json.loads(params["body"])["TableInput"]["Name"]
        if table == "forecast" and not made:
            made.append(table)
            glue.create_table(DatabaseName="default", TableInput={"Name": table})

    def not_granted(**_: Any) -> None:
        raise ClientError({"Error": {"Code": "AccessDeniedException"}}, "DeleteTable")

    assert boto3.DEFAULT_SESSION is not None
    events = boto3.DEFAULT_SESSION.events  # of clients that are made from here on: awswrangler's
    hooks = {
        "before-call.glue.CreateTable": first_by_another_run,
        "before-call.glue.DeleteTable": not_granted,
    }
    for name, hook in hooks.items():
        events.register(name, hook)
    try:
        publish(account, NEW)
    finally:
        for name, hook in hooks.items():
            events.unregister(name, hook)

    assert made == ["forecast"]
    assert location(glue, "forecast") == f"s3://{BUCKET}/forecast/{NEW}/clean/"


def test_a_kill_after_the_copy_to_history_is_mended_by_the_retry(account: Account, glue: Any) -> None:
    account.exported(OLD)
    publish(account, OLD)
    account.exported(NEW)
    for key in account.keys(f"forecast/{OLD}/"):  # copied, not yet registered, not yet deleted
        account.put(key.replace("forecast/", "history/", 1), account.text(key))

    publish(account, NEW)

    assert history(glue) == [OLD]
    assert not account.keys(f"forecast/{OLD}/")


def test_a_vintage_that_was_never_published_does_not_become_history(account: Account, glue: Any) -> None:
    account.exported(OLD)  # its run was killed before UpdateAthena
    account.exported(NEW)
    publish(account, NEW)

    assert history(glue) == []
    assert not account.keys(f"forecast/{OLD}/")
    assert not account.keys("history/")


def test_an_older_run_never_replaces_a_newer_forecast(account: Account, glue: Any) -> None:
    account.exported(NEW)
    publish(account, NEW)
    account.exported(OLD)

    with pytest.raises(Superseded, match="newer"):
        publish(account, OLD)
    assert location(glue, "forecast").endswith(f"{NEW}/clean/")


def test_without_an_export_nothing_is_published(account: Account) -> None:
    with pytest.raises(ResourceNotFoundException, match="run Export first"):
        publish(account, NEW)


def test_changed_input_stops_the_run_before_any_table_moves(account: Account, glue: Any) -> None:
    account.exported(OLD)
    publish(account, OLD)
    run = account.run(NEW)
    account.exported(NEW)
    account.put("train/b.csv", "more")

    with pytest.raises(Superseded):
        update_athena(run, s3=account.s3, database="default")
    assert location(glue, "forecast").endswith(f"{OLD}/clean/")
    manifest = vintages.read(account.s3, BUCKET, NEW)
    assert manifest is not None
    assert manifest.published is None


def test_a_history_of_other_columns_stays_in_the_bucket_and_returns_with_them(
    account: Account, glue: Any
) -> None:
    wider = {
        "item_id": "string",
        "shop": "string",
        "timestamp": "string",
        "target_value": "double",
        "type": "string",
    }
    stamps = [f"2026-01-0{day}T00-00-00Z" for day in (1, 2, 3, 4)]
    for stamp, changes in zip(
        stamps, ({}, {"clean_columns": wider}, {"clean_columns": wider}, {}), strict=True
    ):
        account.exported(stamp, **changes)
        publish(account, stamp)
        if stamp == stamps[2]:
            assert history(glue) == [stamps[1]]

    assert history(glue) == [stamps[0]]
    assert {key.split("/")[1] for key in account.keys("history/")} == set(stamps[:3])


def test_only_older_imports_of_the_data_set_and_older_predictors_are_deleted(
    account: Account, glue: Any
) -> None:
    for stamp in ("20260101T000000Z", "20260102T000000Z", "20260103T000000Z"):
        account.put(f"datasets/Sales/Sales_{stamp}/part-0.parquet")
        account.put(f"predictors/SalesPredictor_{stamp}/trained/part-0.npz")
    account.exported(NEW)
    publish(account, NEW)

    imports = {key.split("/")[2] for key in account.keys("datasets/")}
    predictors = {key.split("/")[1] for key in account.keys("predictors/")}
    assert imports == {"Sales_20260102T000000Z", "Sales_20260103T000000Z"}
    assert predictors == {"SalesPredictor_20260102T000000Z", "SalesPredictor_20260103T000000Z"}


def test_a_kill_after_it_was_marked_as_published_is_mended_though_newer_input_came(
    account: Account, glue: Any
) -> None:
    run = account.run(NEW)
    account.exported(NEW, published=True)  # the tables have not moved yet
    account.put("train/b.csv", "more")

    update_athena(run, s3=account.s3, database="default")

    assert location(glue, "leaderboard").endswith(f"{NEW.replace('-', '')}/leaderboard/")


def test_a_vintage_named_by_the_second_alone_is_older_than_one_of_that_second_with_a_mark(
    account: Account, glue: Any
) -> None:
    account.exported(OLD)
    publish(account, OLD)
    marked = f"{OLD}-00000000"
    account.exported(marked)
    publish(account, marked)

    assert location(glue, "forecast").endswith(f"{marked}/clean/")
    assert history(glue) == [OLD]


def test_folders_that_are_no_vintages_or_imports_are_left_alone(account: Account, glue: Any) -> None:
    mine = [
        "datasets/Sales/0_notes/a.txt",
        "datasets/Sales/mine/a.txt",
        "predictors/mine/a.txt",
        "forecast/0-mine/a.csv",
        "forecast/zz/a.csv",
    ]
    for key in mine:
        account.put(key)
    account.exported(OLD)
    publish(account, OLD)
    account.exported(NEW)
    publish(account, NEW)

    assert set(mine) <= set(account.keys())
    assert location(glue, "forecast").endswith(f"{NEW}/clean/")
