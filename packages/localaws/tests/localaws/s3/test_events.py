"""S3's events: what they say, when they come, and to whom."""

import io
import json
from typing import Any

import pytest
from boto3.s3.transfer import TransferConfig

from localaws import LocalAws
from tests.localaws.functions import make_function
from tests.localaws.policies import TO_ALL
from tests.localaws.waiting import eventually


class Inbox:
    """A queue that gets a bucket's events."""

    def __init__(self, aws: LocalAws, name: str = "events") -> None:
        self._sqs = aws.client("sqs")
        self.url = self._sqs.create_queue(QueueName=name, Attributes={"Policy": TO_ALL})["QueueUrl"]
        self.arn = f"arn:aws:sqs:us-east-1:123456789012:{name}"
        self._records: list[dict[str, Any]] = []

    def records(self, count: int) -> list[dict[str, Any]]:
        """The events so far, once there are ``count``."""

        def look() -> bool:
            for message in self._sqs.receive_message(QueueUrl=self.url, MaxNumberOfMessages=10).get(
                "Messages", ()
            ):
                self._records += json.loads(message["Body"]).get("Records", ())
                self._sqs.delete_message(QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"])
            return len(self._records) >= count

        eventually(look, f"{count} events")
        return self._records


@pytest.fixture
def inbox(aws: LocalAws) -> Inbox:
    aws.client("s3").create_bucket(Bucket="bucket")
    return Inbox(aws)


def notify(aws: LocalAws, arn: str, *events: str, **rules: str) -> None:
    configured: dict[str, Any] = {"QueueArn": arn, "Events": list(events) or ["s3:ObjectCreated:*"]}
    if rules:
        configured["Filter"] = {"Key": {"FilterRules": [{"Name": k, "Value": v} for k, v in rules.items()]}}
    aws.client("s3").put_bucket_notification_configuration(
        Bucket="bucket", NotificationConfiguration={"QueueConfigurations": [configured]}
    )


def test_an_event_says_what_aws_says(aws: LocalAws, inbox: Inbox) -> None:
    notify(aws, inbox.arn)

    put = aws.client("s3").put_object(Bucket="bucket", Key="a dir/ü+1.csv", Body=b"12345")

    (record,) = inbox.records(1)
    assert record["eventName"] == "ObjectCreated:Put"
    assert record["eventSource"] == "aws:s3"
    assert record["awsRegion"] == "us-east-1"
    assert record["eventTime"].endswith("Z")
    assert record["userIdentity"]["principalId"]
    assert record["requestParameters"]["sourceIPAddress"] == "127.0.0.1"
    assert record["responseElements"]["x-amz-request-id"]
    assert record["s3"]["bucket"]["name"] == "bucket"
    assert record["s3"]["bucket"]["arn"] == "arn:aws:s3:::bucket"
    about = record["s3"]["object"]
    assert about["key"] == "a+dir/%C3%BC%2B1.csv"
    assert (about["size"], about["eTag"]) == (5, put["ETag"].strip('"'))


def test_later_events_of_a_key_have_greater_sequencers(aws: LocalAws, inbox: Inbox) -> None:
    notify(aws, inbox.arn)
    for body in (b"first", b"second!"):
        aws.client("s3").put_object(Bucket="bucket", Key="k", Body=body)

    by_size = {r["s3"]["object"]["size"]: r["s3"]["object"]["sequencer"] for r in inbox.records(2)}

    assert by_size[5] < by_size[7]
    assert len(by_size[5]) == len(by_size[7])  # comparable as text


def test_prefix_and_suffix_decide(aws: LocalAws, inbox: Inbox) -> None:
    notify(aws, inbox.arn, prefix="train/", suffix=".csv")

    for key in ("train/a.txt", "other/a.csv", "train/a.csv"):
        aws.client("s3").put_object(Bucket="bucket", Key=key, Body=b"x")

    assert [record["s3"]["object"]["key"] for record in inbox.records(1)] == ["train/a.csv"]


def test_an_upload_in_parts_is_announced_once(aws: LocalAws, inbox: Inbox) -> None:
    notify(aws, inbox.arn, "s3:ObjectCreated:*", "s3:ObjectTagging:*")
    parts = TransferConfig(multipart_threshold=1 << 20, multipart_chunksize=5 << 20)

    aws.client("s3").upload_fileobj(io.BytesIO(b"x" * (6 << 20)), "bucket", "large", Config=parts)
    aws.client("s3").put_object(Bucket="bucket", Key="last", Body=b"x")

    assert sorted(record["eventName"] for record in inbox.records(2)) == [
        "ObjectCreated:CompleteMultipartUpload",
        "ObjectCreated:Put",
    ]


def test_a_copy_and_a_removal_have_names_of_their_own(aws: LocalAws, inbox: Inbox) -> None:
    aws.client("s3").put_object(Bucket="bucket", Key="k", Body=b"x")
    notify(aws, inbox.arn, "s3:ObjectCreated:*", "s3:ObjectRemoved:*")

    aws.client("s3").copy_object(Bucket="bucket", Key="l", CopySource="bucket/k")
    aws.client("s3").delete_object(Bucket="bucket", Key="k")

    records = {record["eventName"]: record for record in inbox.records(2)}
    assert records.keys() == {"ObjectCreated:Copy", "ObjectRemoved:Delete"}
    assert "size" not in records["ObjectRemoved:Delete"]["s3"]["object"]


def test_a_topic_gets_events_too(aws: LocalAws, inbox: Inbox) -> None:
    topic = aws.client("sns").create_topic(Name="events", Attributes={"Policy": TO_ALL})["TopicArn"]
    aws.client("s3").put_bucket_notification_configuration(
        Bucket="bucket",
        NotificationConfiguration={
            "TopicConfigurations": [{"TopicArn": topic, "Events": ["s3:ObjectCreated:*"]}]
        },
    )

    aws.client("s3").put_object(Bucket="bucket", Key="k", Body=b"x")

    def told() -> bool:
        bodies = [json.loads(message.body) for message in aws.mailbox.messages()]
        return any("Records" in body for body in bodies)

    eventually(told, "the event")


def test_a_function_finds_the_object_as_it_was_put(aws: LocalAws, inbox: Inbox) -> None:
    """Metadata is set after the body: an event that was sent at once would find the object without."""
    source = """
        import boto3
        def handler(event, context):
            found = event["Records"][0]["s3"]
            s3 = boto3.client("s3")
            head = s3.head_object(Bucket=found["bucket"]["name"], Key=found["object"]["key"])
            s3.put_object(Bucket="bucket", Key="seen", Body=head["Metadata"]["who"].encode())
    """
    arn = make_function(aws, "reader", source)
    aws.client("s3").put_bucket_notification_configuration(
        Bucket="bucket",
        NotificationConfiguration={
            "LambdaFunctionConfigurations": [
                {
                    "LambdaFunctionArn": arn,
                    "Events": ["s3:ObjectCreated:*"],
                    "Filter": {"Key": {"FilterRules": [{"Name": "prefix", "Value": "in"}]}},
                }
            ]
        },
    )

    aws.client("s3").put_object(Bucket="bucket", Key="in", Body=b"x", Metadata={"who": "me"})

    seen = eventually(lambda: aws.objects.resolve("bucket", "seen"), "the function's answer")
    assert seen.path.read_bytes() == b"me"


def test_a_receiver_that_is_gone_is_logged_and_the_put_succeeds(
    aws: LocalAws, inbox: Inbox, caplog: pytest.LogCaptureFixture
) -> None:
    notify(aws, inbox.arn)
    aws.client("sqs").delete_queue(QueueUrl=inbox.url)

    aws.client("s3").put_object(Bucket="bucket", Key="k", Body=b"x")

    eventually(lambda: "s3://bucket/k to arn:aws:sqs" in caplog.text, "the log entry")
