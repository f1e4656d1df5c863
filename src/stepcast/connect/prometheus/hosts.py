"""Which requests the exporter answers: a page of another site must not read what this machine serves.

Such a page can have its name resolve to 127.0.0.1 (DNS rebinding), but the browser sends that name as Host.
An address cannot be rebound. The port is of no matter: it may be forwarded.
"""

import ipaddress
import re
from collections.abc import Iterable
from email.message import Message

from stepcast.connect.errors import ConnectorError

__all__ = ["Hosts"]

_HOST = re.compile(r"(?P<name>\[[0-9a-f:.]+\]|[a-z0-9._-]+)(:\d+)?")
_NAME = re.compile(r"[a-z0-9._-]+")
_OF_CONTAINERS = "host.docker.internal"  # what containers call the machine that they run on


class Hosts:
    """The names of a listener on ``listening``; ``names`` are further ones.

    Raises:
        ConnectorError: one of them cannot stand in a Host header.
    """

    def __init__(self, listening: str, names: Iterable[str] = ()) -> None:
        self._names = {"localhost", listening.lower(), *(name.lower() for name in names)}
        for name in names:
            if not _NAME.fullmatch(name.lower()):
                raise ConnectorError(f"{name!r} is no host: write a name alone, as in metrics.example.com")
        address = _address(listening)
        self._any_address = address is not None and address.is_unspecified
        if address is not None and not address.is_loopback:
            self._names.add(_OF_CONTAINERS)

    def refusal(self, headers: Message) -> tuple[int, str] | None:
        """Status and reason, where a request with these headers is not to be answered."""
        hosts = headers.get_all("Host", [])
        if len(hosts) != 1:
            return 400, "a request has one Host header"
        if not self._accept(hosts[0]):
            return 403, (
                f"this server does not answer to {hosts[0]!r}: ask for it by its address, or start it with "
                "--allow-host"
            )
        origin, site = headers.get("Origin"), headers.get("Sec-Fetch-Site", "none")
        own = {f"{scheme}://{hosts[0]}".lower() for scheme in ("http", "https")}
        if (origin is not None and origin.lower() not in own) or (
            site not in ("none", "same-origin") and headers.get("Sec-Fetch-Mode") != "navigate"
        ):
            return 403, "pages of other sites may not read this server"
        return None

    def _accept(self, host: str) -> bool:
        found = _HOST.fullmatch(host.lower())
        if found is None:
            return False
        name = found["name"].strip("[]")
        address = _address(name)
        return name in self._names or (address is not None and (self._any_address or address.is_loopback))


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None
