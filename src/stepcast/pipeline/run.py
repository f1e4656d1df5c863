"""One run: the input for which it was started, and whether that is still the bucket's input."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from stepcast.pipeline import inputs, layout, objects, tuned
from stepcast.pipeline.errors import Superseded, Unsettled
from stepcast.pipeline.params import Params

__all__ = ["Input", "Run", "ShardRun", "fingerprint", "present_input"]


class Run(BaseModel):
    """The input of every state: only references, so the state stays small however large the data.

    ``run``      the fingerprint of the input; the execution is named after it.
    ``vintage``  when the run was started, and its mark; part of the name of all its output.
    ``hierarchy`` whether sums of series are forecast, too, which Reconcile makes agree.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")  # the state also carries $.error and the like

    bucket: str
    run: str
    vintage: Annotated[str, Field(pattern=layout.VINTAGE)]
    settle_seconds: int = 0
    perform_delete: bool = False
    hierarchy: bool = False

    @property
    def work(self) -> str:
        """The prefix of its work files, which two executions for the same input do not share."""
        return f"{self.run}/{self.vintage}"

    def params(self, s3: Any) -> Params:
        """params.json as it was when the run began, with the training parameters that tuning has chosen."""
        asked = self.params_as_asked(s3)
        found = tuned.read(s3, self.bucket, self.work) if asked.predictor.perform_hpo else None
        return asked if found is None else asked.with_parameters(found.parameters)

    def params_as_asked(self, s3: Any) -> Params:
        """params.json as it was when the run began."""
        return Params.model_validate_json(objects.read(s3, self.bucket, layout.frozen_params(self.work)))

    def name_of(self, base: str) -> str:
        """A resource's name: the user's name and the vintage, at most 63 characters.

        >>> Run(bucket="b", run="r", vintage="2026-01-02T03-04-05Z-1f8a90c2").name_of("Demo")
        'Demo_20260102T030405Z1f8a90c2'
        """
        return layout.resource_name(base, self.vintage)

    def check_current(self, s3: Any) -> None:
        """Raise Superseded where another run takes this one's place, because the bucket's input is another.

        A run that has recorded the versions of its files goes on with them where the same files have newer
        versions: those have a run of their own. Where files came or went, it steps aside: an upload of many
        files makes one forecast of them all.
        """
        present = present_input(s3, self.bucket)
        if present is not None and present.run == self.run:
            return
        recorded = inputs.read(s3, self.bucket, self.work) or []
        kept = all(file.version is not None for file in recorded)
        if kept and present is not None and present.keys == tuple(file.key for file in recorded):
            return
        raise self._superseded(present)

    def check_unchanged(self, s3: Any) -> "Input":
        """The bucket's input; raise Superseded if it is no longer the one this run was started for."""
        present = present_input(s3, self.bucket)
        if present is None or present.run != self.run:
            raise self._superseded(present)
        return present

    def check_settled(self, s3: Any) -> None:
        """Raise Superseded on newer input, Unsettled if the newest file is younger than settle_seconds."""
        quiet = datetime.now(UTC) - self.check_unchanged(s3).uploaded
        if quiet < timedelta(seconds=self.settle_seconds):
            raise Unsettled(
                f"the newest file arrived {quiet.total_seconds():.0f} s ago, less than SettleSeconds "
                f"({self.settle_seconds}); run {self.run} waits for further files"
            )

    def pin_input(self, s3: Any) -> list[inputs.InputFile]:
        """The files that this run reads, in the versions that it reads; recorded the first time.

        Raises Superseded if the bucket's input is no longer the one this run was started for.
        """
        if recorded := inputs.read(s3, self.bucket, self.work):
            self.check_current(s3)
            return recorded
        files = inputs.versions(s3, self.bucket)
        present = Input.of(files)
        if present is None or present.run != self.run:
            raise self._superseded(present)
        inputs.write(s3, self.bucket, self.work, files)
        return files

    def _superseded(self, present: "Input | None") -> Superseded:
        now = present.run if present is not None else None
        return Superseded(f"the input of run {self.run} has changed; run {now} produces the forecast")


class ShardRun(Run):
    """A run's work on one shard of series."""

    shard: int


@dataclass(frozen=True, slots=True)
class Input:
    """The bucket's input: the name of its run, when its newest object was uploaded, and its keys."""

    run: str
    uploaded: datetime
    keys: tuple[str, ...]

    @classmethod
    def of(cls, files: Sequence[inputs.InputFile]) -> "Input | None":
        """None while params.json or train/ is missing. ``files`` are in the order of ``inputs.versions``."""
        keys = tuple(file.key for file in files)
        if layout.PARAMS not in keys[:1] or not any(key.startswith(layout.TRAIN) for key in keys):
            return None
        return cls(inputs.input_name(files), max(file.uploaded for file in files), keys)


def fingerprint(s3: Any, bucket: str) -> str | None:
    """The name of the run for the bucket's input; None while params.json or train/ is missing."""
    present = present_input(s3, bucket)
    return present.run if present is not None else None


def present_input(s3: Any, bucket: str) -> Input | None:
    """The bucket's input; None while params.json or train/ is missing.

    The run's name is a hash of the keys and ETags of params.json and of everything under train/, related/,
    metadata/ and models/: the same input has the same name, regardless of the event.
    """
    return Input.of(inputs.present(s3, bucket))
