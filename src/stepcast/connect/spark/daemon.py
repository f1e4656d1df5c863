"""Spark's daemon of Python workers with the engine imported: its workers, forks of it, start at once.

``--conf spark.python.daemon.module=stepcast.connect.spark.daemon``
"""

import gc
from typing import Any

from pyspark import daemon

from stepcast.connect.spark import shard_results  # noqa: F401 - with all that it imports
from stepcast.engine.auto import predictor  # noqa: F401

_work = daemon.worker


def worker(sock: Any, authenticated: bool) -> int:
    """One task. Spark's daemon then looks for garbage: not again among what has outlived a task."""
    code: int = _work(sock, authenticated)
    gc.collect()
    gc.freeze()
    return code


if __name__ == "__main__":
    gc.freeze()  # nor among what was imported before
    daemon.worker = worker
    daemon.manager()
