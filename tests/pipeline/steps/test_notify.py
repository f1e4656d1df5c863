"""Messages that a person understands, for good endings and bad ones."""

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto.core import DEFAULT_ACCOUNT_ID
from moto.sns.models import sns_backends

from stepcast.pipeline import layout, vintages
from stepcast.pipeline.report_link import write_report
from stepcast.pipeline.steps.notify import Ending, notify
from tests.pipeline.steps.conftest import BUCKET, Account

VINTAGE = "2026-01-02T03-04-05Z"


class Topic:
    def __init__(self, sns: Any) -> None:
        self.sns = sns
        self.arn = sns.create_topic(Name="stepcast")["TopicArn"]

    @property
    def message(self) -> tuple[str, str]:
        sent = sns_backends[DEFAULT_ACCOUNT_ID]["us-east-1"].topics[self.arn].sent_notifications
        assert len(sent) == 1
        _, body, subject, *_ = sent[0]
        return str(subject), str(body)


@pytest.fixture
def topic(account: Account) -> Iterator[Topic]:
    sns = boto3.client("sns")
    yield Topic(sns)
    sns.close()


def ending(account: Account, **error: str) -> Ending:
    given = {**account.run().model_dump(), **({"error": error} if error else {})}
    return Ending.model_validate(given)


def test_success_says_what_was_forecast_how_well_and_where_it_is(account: Account, topic: Topic) -> None:
    account.exported(VINTAGE, published=True)

    notify(ending(account), s3=account.s3, sns=topic.sns, topic=topic.arn)

    subject, body = topic.message
    assert subject == "Stepcast: forecast of Sales is ready"
    assert "1 item, 1 steps of D: 2026-02-01T00:00:00 to 2026-02-01T00:00:00." in body
    assert "WAPE 0.25 for AutoPredictor, 0.5 for repeating the last season" in body
    assert f"forecast/{VINTAGE}/" in body


def test_success_says_on_how_much_the_accuracy_rests(account: Account, topic: Topic) -> None:
    account.exported(VINTAGE, published=True, items=1200, judged=900, points=8100)

    notify(ending(account), s3=account.s3, sns=topic.sns, topic=topic.arn)

    assert "for repeating the last season; evaluated on 900 of 1,200 items, 8,100 points." in topic.message[1]


def test_failure_says_why_and_that_the_last_forecast_stays(account: Account, topic: Topic) -> None:
    account.exported("2026-01-01T00-00-00Z", published=True)
    cause = json.dumps(
        {"errorType": "InvalidInputException", "errorMessage": "the input has 1 error", "stackTrace": []}
    )

    failed = ending(account, Error="InvalidInputException", Cause=cause)
    notify(failed, s3=account.s3, sns=topic.sns, topic=topic.arn)

    subject, body = topic.message
    assert subject == "Stepcast: no forecast, InvalidInputException"
    assert "InvalidInputException: the input has 1 error\n" in body
    assert "The forecast of 2026-01-01T00-00-00Z stays in place." in body
    assert body.strip() in account.text(layout.failure_report(failed.run))


def test_a_failed_shards_own_error_is_told_instead_of_its_maps(account: Account, topic: Topic) -> None:
    failed = ending(account, Error="States.ExceedToleratedFailureThreshold", Cause="a child failed")
    for shard in (0, 3):
        note = {"Error": "MemoryError", "Cause": f"TrainPredictor, shard {shard}: no memory"}
        account.put(layout.failure(failed.work, "TrainPredictor", shard), json.dumps(note))

    answer = notify(failed, s3=account.s3, sns=topic.sns, topic=topic.arn)

    told = {"Error": "MemoryError", "Cause": "TrainPredictor, shard 0: no memory (1 more shards failed)"}
    assert answer.model_dump(mode="json")["error"] == told
    assert "MemoryError" in topic.message[0]


def test_success_of_a_forecast_that_was_replaced_meanwhile_says_where_it_is_now(
    account: Account, topic: Topic
) -> None:
    account.exported(VINTAGE, published=True)
    for key in account.keys("forecast/"):
        account.put(key.replace("forecast/", "history/", 1), account.body(key))
        account.s3.delete_object(Bucket=BUCKET, Key=key)

    notify(ending(account), s3=account.s3, sns=topic.sns, topic=topic.arn)

    assert f"history/{VINTAGE}/" in topic.message[1]
    assert f"SELECT * FROM forecast_history WHERE vintage = '{VINTAGE}'" in topic.message[1]


def test_the_report_is_named_where_the_stack_asks_for_it(account: Account, topic: Topic) -> None:
    account.exported(VINTAGE, published=True)
    run = ending(account)

    def page(s3: Any, bucket: str, root: str, manifest: vintages.Manifest) -> str:
        return f"{bucket} {root}{manifest.vintage}"

    write_report(account.s3, run, page, "none")
    assert account.keys("reports/") == []
    write_report(account.s3, run, page, "bucket")
    notify(run, s3=account.s3, sns=topic.sns, topic=topic.arn, link="bucket")

    key = f"reports/{run.run}/{VINTAGE}/report.html"
    assert f"\nReport: s3://{BUCKET}/{key}\n" in topic.message[1]
    assert account.text(key) == f"{BUCKET} forecast/{VINTAGE}"


def test_a_report_that_fails_does_not_keep_the_message_back(account: Account, topic: Topic) -> None:
    account.exported(VINTAGE, published=True)
    run = ending(account)

    def page(*given: Any) -> str:
        raise ValueError("no such column")

    write_report(account.s3, run, page, "presigned")
    notify(run, s3=account.s3, sns=topic.sns, topic=topic.arn, link="presigned")

    assert "The report could not be written; the log of UpdateAthena says why." in topic.message[1]
