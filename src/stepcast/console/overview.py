"""What every page shows at its edge: where this is, and which forecast is the current one."""

from typing import Any

from stepcast import __version__
from stepcast.console.answers import Answer, json_answer, number
from stepcast.console.requests import Request
from stepcast.console.stack import Stack
from stepcast.console.vintage_index import key_columns, outputs_of
from stepcast.pipeline import layout, vintages

__all__ = ["Overview"]


class Overview:
    """Of one stack; ``profile`` is that of the AWS tools by which it is reached, empty for a local one."""

    def __init__(self, stack: Stack, profile: str) -> None:
        self._stack, self._profile = stack, profile

    def read(self, request: Request) -> Answer:
        """The stack, the vintages, newest first, and what the manifest says of the current one."""
        del request
        return json_answer({**_overview(self._stack), "profile": self._profile})


def _overview(stack: Stack) -> dict[str, Any]:
    manifest = vintages.current(stack.s3, stack.bucket)
    current = None
    if manifest is not None:
        current = {
            "vintage": manifest.vintage,
            "made": layout.moment_of(manifest.vintage),
            "run": manifest.run,
            "items": manifest.items,
            "horizon": manifest.horizon,
            "frequency": manifest.frequency,
            "first": manifest.first,
            "last": manifest.last,
            "model": manifest.best,
            "metric": manifest.metric,
            "scores": {name: number(score) for name, score in manifest.scores.items()},
            "judged": manifest.judged,
            "key_names": key_columns(manifest),
            "outputs": outputs_of(manifest),
        }
    return {
        "version": __version__,
        "endpoint": stack.endpoint,
        "region": stack.region,
        "bucket": stack.bucket,
        "database": stack.database,
        "forecast": current,
        "history": list(reversed(vintages.names(stack.s3, stack.bucket, layout.HISTORY))),
    }
