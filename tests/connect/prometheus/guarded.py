"""A Prometheus that asks who is there: TLS with a certificate of its own, and a password."""

import ipaddress
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from stepcast.connect.errors import ConnectorError
from stepcast.connect.prometheus.client import Client
from stepcast.connect.prometheus.connection import connection
from tests.connect.prometheus.conftest import SETTINGS
from tests.services import Server, prometheus, running

USER, PASSWORD = "ada", "open sesame"
HASHED = "$2b$04$abcdefghijklmnopqrstuu/LVz6MZlItEy42I2juLihZ66HnQx/cy"  # of PASSWORD, by bcrypt
AUTH = f"basic_auth_users: {{{USER}: '{HASHED}'}}\n"
TLS = "tls_server_config: {cert_file: server.crt, key_file: server.key}\n"


def certificate() -> tuple[str, str]:
    """A certificate of 127.0.0.1 that vouches for itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    today = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(today - timedelta(days=1))
        .not_valid_after(today + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return made.public_bytes(serialization.Encoding.PEM).decode(), private.decode()


@contextmanager
def guarded(folder: Path, tls: bool = True) -> Iterator[Server]:
    """A server that takes the past, from USER with PASSWORD; ``folder / "server.crt"`` is what it shows."""
    shown, private = certificate()
    files = {
        "prometheus.yml": SETTINGS.format(port=1),
        "web.yml": AUTH + (TLS if tls else ""),
        "server.crt": shown,
        "server.key": private,
    }

    def is_ready(server: Server) -> bool:
        address = f"{'https' if tls else 'http'}://127.0.0.1:{server.port}"
        known = connection(address, user=USER, password=PASSWORD, ca=folder / "server.crt" if tls else None)
        try:
            return Client(known).request("GET", "/-/ready")[0] == 200
        except ConnectorError:
            return False

    service = replace(prometheus.SERVICE, is_ready=is_ready)
    with running(service, folder, files, ("--web.config.file=web.yml",)) as server:
        yield server
