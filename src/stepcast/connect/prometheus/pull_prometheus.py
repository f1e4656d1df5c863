"""PullPrometheus: the scheduled function that appends new values to a file in the bucket."""

import json
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from stepcast.connect.errors import ConnectorError
from stepcast.connect.prometheus.client import Client
from stepcast.connect.prometheus.connection import Connection, connection
from stepcast.connect.prometheus.source import LAST, Wish, pull
from stepcast.connect.train_file import S3Object
from stepcast.pipeline.log import log

__all__ = ["pull_prometheus"]

SECRET = {"user", "password", "token", "headers"}


def pull_prometheus(setting: Callable[[str], str], *, s3: Any, secrets: Any) -> dict[str, Any]:
    """Pull as the function's settings say, and return a summary.

    The function may run at any time, any number of times: values that were pulled are not pulled again.
    """
    wish = Wish(
        query=setting("PROMETHEUS_QUERY"),
        step=setting("PROMETHEUS_STEP"),
        since=LAST,
        history=setting("PROMETHEUS_HISTORY"),
    )
    to = S3Object(s3, setting("BUCKET"), setting("PROMETHEUS_KEY"))
    client = Client(_connection(setting("PROMETHEUS_URL"), setting("PROMETHEUS_SECRET"), secrets))
    pulled = asdict(pull(client, wish, to))
    log.info("pulled", **pulled)
    return pulled


def _connection(url: str, secret: str, secrets: Any) -> Connection:
    """A connection with the credentials in the secret, a JSON object; without any if its name is empty."""
    if not secret:
        return connection(url)
    text = secrets.get_secret_value(SecretId=secret)["SecretString"]
    try:
        given = json.loads(text)
    except ValueError:
        given = None
    if not isinstance(given, dict) or not set(given) <= SECRET:
        raise ConnectorError(
            f"the secret {secret} must be a JSON object of {', '.join(sorted(SECRET))}"
        ) from None
    return connection(url, **given)
