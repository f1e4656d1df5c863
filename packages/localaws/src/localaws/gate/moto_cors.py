"""Remove the CORS headers that moto adds.

moto's server reflects every Origin (flask_cors on each service's application, moto_server/werkzeug_app.py)
and its S3 adds headers from any rule that names the origin, whatever the method (moto 5.2.5,
s3/responses.py). The gate decides, and adds its own.
"""

from contextlib import ExitStack

from moto.moto_server import werkzeug_app
from moto.s3.responses import S3Response

from localaws.patching import replace

__all__ = ["patch"]


def patch(undo: ExitStack) -> None:
    """Before the first service's application is made."""
    replace(undo, werkzeug_app, "DISABLE_GLOBAL_CORS", True)
    replace(undo, S3Response, "_get_cors_headers_other", lambda _: {})
