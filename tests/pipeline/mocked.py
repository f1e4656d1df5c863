"""moto within this process, where hundreds of calls to it follow one another."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from moto import mock_aws
from moto.core.base_backend import BaseBackend

__all__ = ["mocked_aws"]


@contextmanager
def mocked_aws() -> Iterator[None]:
    """As ``mock_aws``, which for each call loads the module with the paths of S3 anew and compiles them."""
    found: dict[type, dict[str, Callable[..., Any]]] = {}
    look_up = BaseBackend.urls.fget

    def urls(backend: BaseBackend) -> dict[str, Callable[..., Any]]:
        if type(backend) not in found:
            found[type(backend)] = look_up(backend)
        return found[type(backend)]

    with mock_aws(), patch.object(BaseBackend, "urls", property(urls)):
        yield
