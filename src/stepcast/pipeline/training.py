"""How far the training of a network is: in the log, in the bucket meanwhile, and kept with the predictor."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

from stepcast.engine.neural.progress import Epoch, listening
from stepcast.pipeline import layout, objects
from stepcast.pipeline.log import log
from stepcast.pipeline.run import Run

__all__ = ["training_logged"]

SECONDS = 2.0  # between two writes to the bucket


@contextmanager
def training_logged(s3: Any, run: Run, predictor: str) -> Iterator[None]:
    """Log each epoch's loss, and write the latest one to the run's folder every few seconds.

    Afterwards all of them are kept with the ``predictor``, if there were any.
    """
    written = -SECONDS
    epochs = []

    def heard(epoch: Epoch) -> None:
        nonlocal written
        log.info("epoch", run=run.run, **asdict(epoch))
        epochs.append(asdict(epoch))
        if time.monotonic() - written >= SECONDS:
            objects.write_json(s3, run.bucket, layout.training(run.work), asdict(epoch))
            written = time.monotonic()

    with listening(heard):
        yield
    if epochs:
        objects.write_json(s3, run.bucket, layout.kept_training(predictor), epochs)
