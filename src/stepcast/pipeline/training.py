"""How far training and tuning are: in the log, in the bucket meanwhile, and kept with the predictor."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from stepcast.engine.neural.progress import Epoch, listening
from stepcast.pipeline import layout, objects
from stepcast.pipeline.log import log
from stepcast.pipeline.run import Run

if TYPE_CHECKING:
    from stepcast.engine.tuning.study import Progress

__all__ = ["Training", "training_logged"]

SECONDS = 2.0  # between two writes to the bucket


class Training:
    """Logs each epoch's loss, and writes the latest epoch and trial to the run's folder every few seconds."""

    def __init__(self, s3: Any, run: Run) -> None:
        self._s3, self._run = s3, run
        self.epochs: list[dict[str, Any]] = []
        self._known: dict[str, Any] = {}
        self._written = -SECONDS

    def learned(self, epoch: Epoch) -> None:
        log.info("epoch", run=self._run.run, **asdict(epoch))
        self.epochs.append(asdict(epoch))
        self._write(epoch=asdict(epoch))

    def tried(self, progress: "Progress") -> None:
        best = progress.best
        self.epochs.clear()
        self._write(
            trial={"done": progress.trial.number + 1, "of": progress.trials, "best": best.value}, epoch=None
        )

    def _write(self, **known: Any) -> None:
        self._known |= known
        if time.monotonic() - self._written >= SECONDS:
            objects.write_json(self._s3, self._run.bucket, layout.training(self._run.work), self._known)
            self._written = time.monotonic()


@contextmanager
def training_logged(s3: Any, run: Run, predictor: str) -> Iterator[Training]:
    """Within, the training of networks is heard; trials are to be told.

    Afterwards the epochs of the last training are kept with the ``predictor``, if there were any.
    """
    training = Training(s3, run)
    with listening(training.learned):
        yield training
    if training.epochs:
        objects.write_json(s3, run.bucket, layout.kept_training(predictor), training.epochs)
