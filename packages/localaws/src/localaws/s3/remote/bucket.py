"""Which bucket lies elsewhere, where, and with which keys it is reached."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

__all__ = ["RemoteBucket"]


@dataclass(frozen=True)
class RemoteBucket:
    """A bucket of an S3-compatible store, which is called the same here.

    ``url``          where the store answers: ``http://store:9000``. Buckets are addressed by path.
    ``credentials``  botocore's, asked for their present keys at each request, so that they may be renewed.
    ``region``       what requests are signed for; most stores take any.
    ``cache_bytes``  how much of the objects is kept on this machine for queries, at most.
    ``on_change``    called with the key and ETag of each object that is written by way of this machine. The
                     ETag is empty where the store does not say it at once.
    """

    name: str
    url: str
    credentials: Any = field(repr=False)
    region: str = "us-east-1"
    cache_bytes: int = 4 << 30
    on_change: Callable[[str, str], None] | None = None

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        if (
            parts.scheme not in {"http", "https"}
            or not parts.hostname
            or parts.path.strip("/")
            or parts.query
        ):
            raise ValueError(f"{self.url!r} is no address of a store: write http://HOST:PORT or https://HOST")
        if parts.username or parts.password:
            raise ValueError("the address of a store has no keys in it: other programs can read it")

    @property
    def endpoint(self) -> str:
        """The address without a slash at its end."""
        return self.url.rstrip("/")
