"""The mailbox keeps what is published, whoever subscribes."""

import json

from localaws import LocalAws


def test_messages_are_kept_in_their_order_with_subject_and_time(aws: LocalAws) -> None:
    topic = aws.client("sns").create_topic(Name="news")["TopicArn"]

    aws.client("sns").publish(TopicArn=topic, Subject="first", Message="über\nzwei Zeilen")
    aws.client("sns").publish(TopicArn=topic, Message="second")

    first, second = aws.mailbox.messages()
    assert (first.topic, first.subject, first.body) == (topic, "first", "über\nzwei Zeilen")
    assert (second.subject, second.body) == ("", "second")
    assert first.when <= second.when


def test_a_message_is_a_file_that_anybody_can_read(aws: LocalAws) -> None:
    topic = aws.client("sns").create_topic(Name="news")["TopicArn"]
    aws.client("sns").publish(TopicArn=topic, Subject="s", Message="m")

    (path,) = (aws.folder / "mailbox").iterdir()

    assert json.loads(path.read_text()).keys() == {"when", "topic", "subject", "body"}


def test_a_message_with_a_text_for_each_protocol_is_kept_as_the_mail(aws: LocalAws) -> None:
    topic = aws.client("sns").create_topic(Name="news")["TopicArn"]
    texts = {"default": "for all", "email": "for mail"}

    aws.client("sns").publish(TopicArn=topic, MessageStructure="json", Message=json.dumps(texts))

    assert aws.mailbox.messages()[0].body == "for mail"
