"""The names that this server answers to.

A page of another site can have its own name resolve to 127.0.0.1 and is then of the same origin as this
server (DNS rebinding). What it cannot do is send another Host header than its own name.
"""

import ipaddress
from collections.abc import Iterable

__all__ = ["Hosts", "is_loopback"]

_LOCAL = ("127.0.0.1", "localhost", "[::1]")
_OF_CONTAINERS = "host.docker.internal"  # what containers call the machine that they run on


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach a listener on ``host``.

    Raises:
        ValueError: ``host`` is no address.
    """
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        raise ValueError(
            f"{host!r} is not an address to listen on: give an address of this machine, such as 127.0.0.1, "
            "or 0.0.0.0"
        ) from None


class Hosts:
    """The loopback names, and those of ``listening`` where the server listens elsewhere; all with ``port``.

    A server on every address (``0.0.0.0``, ``::``) answers to every address: only names can be rebound.
    """

    def __init__(self, listening: str, port: int) -> None:
        names: Iterable[str] = _LOCAL
        self._any_address = False
        if not is_loopback(listening):
            names = (*_LOCAL, _OF_CONTAINERS, f"[{listening}]" if ":" in listening else listening)
            self._any_address = ipaddress.ip_address(listening).is_unspecified
        elif ":" not in listening:
            names = (*_LOCAL, listening)
        self._port = f":{port}"
        self._accepted = {f"{name}{self._port}" for name in names}
        domains = {"localhost", *(name for name in names if name[-1].isalpha())}
        self._suffixes = tuple(
            f".{prefix}{domain}{self._port}" for domain in sorted(domains) for prefix in ("s3.", "")
        )
        self._services = tuple(f"s3.{domain}{self._port}" for domain in sorted(domains))

    def __str__(self) -> str:
        return ", ".join(sorted(self._accepted)) + f" and *.localhost{self._port}"

    def accept(self, host: str) -> bool:
        """Whether a request with this Host header is meant for this server."""
        host = host.lower()
        if host in self._accepted or host in self._services or self._bucket(host):
            return True
        return self._any_address and host.endswith(self._port) and _is_address(host[: -len(self._port)])

    def bucket(self, host: str) -> str:
        """The bucket that an accepted Host names, as in ``bucket.localhost`` or ``bucket.s3.localhost``."""
        host = host.lower()
        return "" if host in self._accepted or host in self._services else self._bucket(host)

    def _bucket(self, host: str) -> str:
        for suffix in self._suffixes:  # .s3.localhost before .localhost
            if host.endswith(suffix):
                name = host[: -len(suffix)]
                return name if name.replace("-", "").replace(".", "").isalnum() and name.isascii() else ""
        return ""


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host.removeprefix("[").removesuffix("]"))
    except ValueError:
        return False
    return True
