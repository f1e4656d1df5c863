"""Settings of the environment, a file and the command line, and what is refused of them."""

from pathlib import Path

import pytest

from stepcast.connect.errors import ConnectorError
from stepcast.connect.kafka.settings import settings

ENVIRONMENT = {"STEPCAST_KAFKA_SASL_PASSWORD": "e", "STEPCAST_KAFKA_CLIENT_ID": "e", "HOME": "/"}


def test_the_command_line_goes_before_the_file_and_that_before_the_environment(tmp_path: Path) -> None:
    file = tmp_path / "client.properties"
    file.write_text("# a comment\n\nclient.id = f\nsasl.username=f=g\nschema.registry.url=http://r\n")

    made = settings(" h:1 ", ["client.id=c"], file, ENVIRONMENT)

    assert made.bootstrap == "h:1"
    assert made.kafka == {"sasl.password": "e", "client.id": "c", "sasl.username": "f=g"}
    assert made.registry == {"url": "http://r"}


def test_the_line_break_at_the_end_of_a_mounted_secret_is_no_part_of_it() -> None:
    made = settings("h:1", (), None, {"STEPCAST_KAFKA_SCHEMA_REGISTRY_BEARER_AUTH_TOKEN": "t\n"})

    assert made.registry == {"bearer.auth.token": "t"}


def test_nothing_of_them_is_printed() -> None:
    assert "e" not in repr(settings("h:1", (), None, ENVIRONMENT)).removeprefix("Settings(bootstrap=")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("sasl.password=hush", "STEPCAST_KAFKA_SASL_PASSWORD"),
        ("ssl.key.password=hush", "STEPCAST_KAFKA_SSL_KEY_PASSWORD"),
        ("ssl.key.pem=hush", "STEPCAST_KAFKA_SSL_KEY_PEM"),
        ("sasl.oauthbearer.client.secret=hush", "STEPCAST_KAFKA_SASL_OAUTHBEARER_CLIENT_SECRET"),
        ("schema.registry.basic.auth.user.info=a:hush", "SCHEMA_REGISTRY_BASIC_AUTH_USER_INFO"),
        ("security.protocol", "is not KEY=VALUE"),
        ("bootstrap.servers=h:2", "bootstrap.servers cannot be set: give --bootstrap"),
        ("ssl.truststore.location=x.jks", "is a setting of Java clients: use ssl.ca.location"),
    ],
)
def test_what_is_refused_says_what_to_do_instead(given: str, said: str) -> None:
    with pytest.raises(ConnectorError, match=said) as refused:
        settings("h:1", [given], None, {})

    assert "hush" not in str(refused.value)


def test_a_line_that_is_no_setting_is_named_by_its_number(tmp_path: Path) -> None:
    file = tmp_path / "client.properties"
    file.write_text("client.id=f\nsecret stuff\n")

    with pytest.raises(ConnectorError, match=r"client\.properties, line 2 is not KEY=VALUE$"):
        settings("h:1", (), file, {})
