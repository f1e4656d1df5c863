"""Spark's daemon of Python workers with the engine imported: its workers, forks of it, start at once.

``--conf spark.python.daemon.module=stepcast.connect.spark.daemon``
"""

import gc

from pyspark.daemon import manager

from stepcast.connect.spark import shard_results  # noqa: F401 - with all that it imports
from stepcast.engine.auto import predictor  # noqa: F401

if __name__ == "__main__":
    gc.freeze()  # workers collect garbage after each task: not among all that was imported
    manager()
