"""A broker that asks who is there: TLS with a certificate of its own, SCRAM and PLAIN, and ACLs."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from confluent_kafka.admin import (
    AclBinding,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ResourcePatternType,
    ResourceType,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialUpsertion,
)

from tests.connect.kafka.conftest import Broker, reading, values
from tests.connect.prometheus.guarded import certificate
from tests.services import kafka, running

PASSWORD = "open-sesame"
SETTINGS = """
listener.security.protocol.map=CLIENT:SASL_SSL,INTERNAL:PLAINTEXT,CONTROLLER:PLAINTEXT
listener.name.client.sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256
listener.name.client.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required \
user_ada="open-sesame" user_eve="open-sesame";
listener.name.client.scram-sha-256.sasl.jaas.config=\
org.apache.kafka.common.security.scram.ScramLoginModule required;
listener.name.client.ssl.keystore.type=PEM
listener.name.client.ssl.keystore.location=server.pem
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:ANONYMOUS
"""


@dataclass(frozen=True)
class Guarded(Broker):
    """``ca`` is the certificate to trust; the users ada and grace may read, eve may nothing."""

    ca: Path = Path()

    def options(
        self, user: str, folder: Path, mechanism: str = "PLAIN", password: str = PASSWORD
    ) -> list[str]:
        file = folder / "client.properties"
        file.write_text(
            f"# of the test\nsecurity.protocol=SASL_SSL\nsasl.mechanism={mechanism}\nsasl.username={user}\n"
            f"sasl.password={password}\nssl.ca.location={self.ca}\n"
        )
        return ["--config-file", str(file)]


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    folder = tmp_path_factory.mktemp("guarded")
    shown, private = certificate()
    files = {"server.properties": kafka.SETTINGS + SETTINGS, "server.pem": private + shown, "ca.pem": shown}
    with running(kafka.SERVICE, folder, files) as server:
        inside = (folder / kafka.INTERNAL).read_text()
        admin = AdminClient({"bootstrap.servers": inside})
        for user in ("ada", "grace"):
            for kind in (ResourceType.TOPIC, ResourceType.GROUP):
                may = (AclOperation.READ, AclPermissionType.ALLOW)
                acl = AclBinding(kind, "readings", ResourcePatternType.PREFIXED, f"User:{user}", "*", *may)
                for made in admin.create_acls([acl]).values():
                    made.result(60)
        grace = ScramCredentialInfo(ScramMechanism.SCRAM_SHA_256, 4096)
        change = UserScramCredentialUpsertion("grace", grace, PASSWORD.encode())
        for changed in admin.alter_user_scram_credentials([change]).values():
            changed.result(60)
        kafka.create_topics(server, {"readings": 1, "readings.dead": 1, "secret": 1})
        Broker(Inside(server, inside)).send("readings", [reading(0), reading(1)])  # type: ignore[arg-type]
        yield Guarded(server, ca=folder / "ca.pem")


@dataclass(frozen=True)
class Inside:
    """The listener that asks nothing, as a server."""

    server: object
    address: str

    @property
    def start(self) -> "Inside":
        return self


@pytest.mark.parametrize(("user", "mechanism"), [("ada", "PLAIN"), ("grace", "SCRAM-SHA-256")])
def test_a_user_with_a_password_over_tls(guarded: Guarded, tmp_path: Path, user: str, mechanism: str) -> None:
    options = guarded.options(user, tmp_path, mechanism)

    done = guarded.pull("readings", tmp_path / "out", *options, group=f"readings-{user}")

    assert done.code == 0, done.err
    assert values(tmp_path / "out") == [0, 1]
    assert PASSWORD not in done.out + done.err


def test_the_password_may_come_from_the_environment(guarded: Guarded, tmp_path: Path) -> None:
    config = {"security.protocol": "SASL_SSL", "sasl.mechanism": "PLAIN", "ssl.ca.location": str(guarded.ca)}
    options = [word for pair in config.items() for word in ("--config", "=".join(pair))]
    env = {"STEPCAST_KAFKA_SASL_USERNAME": "ada", "STEPCAST_KAFKA_SASL_PASSWORD": PASSWORD}

    done = guarded.pull("readings", tmp_path, *options, group="readings-env", env=env)

    assert done.code == 0, done.err
    assert values(tmp_path) == [0, 1]


def test_a_wrong_password_is_said_and_not_shown(guarded: Guarded, tmp_path: Path) -> None:
    refused = guarded.pull("readings", tmp_path, *guarded.options("ada", tmp_path, password="wrong-one"))

    assert refused.code == 1
    assert f"{guarded.address} refuses the user ada: " in refused.err
    assert "Check sasl.mechanism, sasl.username and sasl.password" in refused.err
    assert "wrong-one" not in refused.err


def test_a_certificate_that_nobody_vouches_for_is_refused(guarded: Guarded, tmp_path: Path) -> None:
    options = guarded.options("ada", tmp_path)
    file = tmp_path / "client.properties"
    file.write_text("\n".join(line for line in file.read_text().splitlines() if "ssl.ca" not in line))

    refused = guarded.pull("readings", tmp_path, *options)

    assert refused.code == 1
    assert f"TLS with {guarded.address} fails: " in refused.err
    assert "certificate verify failed" in refused.err


def test_a_client_without_tls_is_told_of_security_protocol(guarded: Guarded, tmp_path: Path) -> None:
    refused = guarded.pull("readings", tmp_path)

    assert refused.code == 1
    assert f"no broker answers at {guarded.address}: " in refused.err
    assert "security.protocol" in refused.err


@pytest.mark.parametrize(
    ("user", "topic", "group", "said"),
    [
        ("ada", "secret", "readings", "the user ada is not allowed to use topic secret"),
        ("eve", "readings", "readings", "the user eve is not allowed to use topic readings"),
        ("ada", "readings", "other", "the user ada is not allowed to use group other"),
    ],
)
def test_what_a_user_may_not_do_is_said(
    guarded: Guarded, tmp_path: Path, user: str, topic: str, group: str, said: str
) -> None:
    refused = guarded.pull(topic, tmp_path / "out", *guarded.options(user, tmp_path), group=group)

    assert refused.code == 1
    assert said in refused.err
    assert "it needs READ and DESCRIBE on it" in refused.err


def test_dead_letters_need_the_right_to_write(guarded: Guarded, tmp_path: Path) -> None:
    options = [*guarded.options("ada", tmp_path), "--dead-letters", "readings.dead", "--value", "/nowhere"]

    refused = guarded.pull("readings", tmp_path / "out", *options, group="readings-dead")

    assert refused.code == 1
    assert "the user ada is not allowed to use dead-letter topic readings.dead" in refused.err
    assert "it needs WRITE and DESCRIBE on it" in refused.err
