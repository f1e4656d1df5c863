"""Which requests a server of metrics answers: pages of other sites must not read this machine's metrics.

Such a page can let its own name resolve to 127.0.0.1 (DNS rebinding), but the browser sends that name as
Host. Addresses cannot be rebound. The port is ignored, because it may be forwarded.
"""

import ipaddress
import re
from collections.abc import Iterable
from email.message import Message

from stepcast.connect.errors import ConnectorError

__all__ = ["Hosts"]

_HOST = re.compile(r"(?P<name>\[[0-9a-f:.]+\]|[a-z0-9._-]+)(:\d+)?")
_NAME = re.compile(r"[a-z0-9._-]+")
_OF_CONTAINERS = "host.docker.internal"  # the host's name inside containers


class Hosts:
    """The host names that a listener on ``listening`` answers to, with ``names`` added.

    ``remedy`` tells a client with another name what to do.

    Raises:
        ConnectorError: a name is not valid in a Host header.
    """

    def __init__(
        self, listening: str, names: Iterable[str] = (), remedy: str = "use its address, or localhost"
    ) -> None:
        self._remedy = remedy
        self._names = {"localhost", listening.lower(), *(name.lower() for name in names)}
        for name in names:
            if not _NAME.fullmatch(name.lower()):
                raise ConnectorError(
                    f"{name!r} is not a host: write only its name, as in metrics.example.com"
                )
        address = _address(listening)
        self._any_address = address is not None and address.is_unspecified
        if address is not None and not address.is_loopback:
            self._names.add(_OF_CONTAINERS)

    def refusal(self, headers: Message) -> tuple[int, str] | None:
        """Status and reason for rejecting a request with these headers; None if it is accepted."""
        hosts = headers.get_all("Host", [])
        if len(hosts) != 1:
            return 400, "a request must have one Host header"
        if not self._accept(hosts[0]):
            return 403, f"this server does not answer to {hosts[0]!r}: {self._remedy}"
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
