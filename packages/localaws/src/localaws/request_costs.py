"""Avoidable costs of every request through moto.

moto (5.2.5, core/responses.py and utilities/aws_headers.py) lists the methods of the service's class anew for
each request, .3 ms, and draws the 52 letters of a request id one by one.
"""

import secrets
from contextlib import ExitStack
from functools import cache
from typing import Any

from moto.core import responses
from moto.core.utils import method_names_from_class

from localaws.patching import replace

__all__ = ["patch"]

_ID_BYTES = 26  # 52 letters, as many as moto's


def patch(undo: ExitStack) -> None:
    """List methods once for each class, from when every other patch is in place, and draw an id at once."""

    def request_id(headers: dict[str, Any] | None = None) -> str:
        drawn = secrets.token_hex(_ID_BYTES).upper()
        if headers is not None:
            headers["x-amzn-requestid"] = drawn
        return drawn

    replace(undo, responses, "method_names_from_class", cache(method_names_from_class))
    replace(undo, responses, "gen_amzn_requestid_long", request_id)
