"""A fitted forecaster as one file: a zip archive of JSON, Parquet and NumPy, without code."""

import json
import zipfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

from stepcast.api.fitted import Fitted
from stepcast.engine import archive
from stepcast.engine.results import Trained
from stepcast.engine.task import Task
from stepcast.pipeline.hierarchy.reconciled import Reconciled
from stepcast.pipeline.shards import Shard, read_shard, write_shard
from stepcast.version import __version__

__all__ = ["Facts", "Parts", "WrongFile", "read", "write"]

FACTS, SHARED = "forecaster.json", "shared.npz"
FORMAT = 1


class WrongFile(ValueError):
    """The file is not one that ``Forecaster.save`` wrote, or a later version's."""


@dataclass(frozen=True)
class Facts:
    """All that is not an array. ``frames``: whether there were related series and metadata."""

    arguments: Mapping[str, Any]
    columns: dict[str, Any]
    library: str
    frames: tuple[bool, bool]
    document: dict[str, Any]
    report: str


@dataclass(frozen=True)
class Parts:
    """What was learned, without the task. With a hierarchy, the last ``of_sums`` shards are its sums'."""

    shared: bytes
    shards: tuple[Shard, ...]
    trained: tuple[Trained, ...]
    reconciled: tuple[Reconciled, ...]
    of_sums: int

    def fitted(self, task: Task) -> Fitted:
        return self._of(task, slice(len(self.shards) - self.of_sums))

    def sums(self, task: Task) -> Fitted | None:
        return self._of(task, slice(len(self.shards) - self.of_sums, None)) if self.of_sums else None

    def _of(self, task: Task, some: slice) -> Fitted:
        return Fitted(task, self.shared, self.shards[some], self.trained[some], self.reconciled[some])


def write(path: Path, facts: Facts, fitted: Fitted, sums: Fitted | None = None) -> None:
    """Write the file, or none: an earlier one stays until the new one is complete."""
    parts = [fitted] if sums is None else [fitted, sums]
    shards = [shard for part in parts for shard in part.shards]
    document = {
        "format": FORMAT,
        "stepcast": __version__,
        "shards": len(shards),
        "of_sums": 0 if sums is None else len(sums.shards),
        **asdict(facts),
    }
    partial = path.with_name(f".{path.name}.partial")
    try:
        with zipfile.ZipFile(partial, "w") as file:
            file.writestr(FACTS, json.dumps(document))
            file.writestr(SHARED, fitted.shared)
            for number, shard in enumerate(shards):
                sink = BytesIO()
                write_shard(sink, shard)
                file.writestr(f"shard-{number}.parquet", sink.getvalue())
            # What was reconciled holds what was trained.
            learned = [one for part in parts for one in part.reconciled or part.trained]
            for number, one in enumerate(learned):
                file.writestr(f"trained-{number}.npz", archive.to_bytes(one))
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def read(path: Path) -> tuple[Facts, Parts]:
    """What ``write`` wrote. Raises WrongFile."""
    try:
        with zipfile.ZipFile(path) as file:
            document = json.loads(file.read(FACTS))
            if (found := document.pop("format")) != FORMAT:
                raise WrongFile(
                    f"{path} was written by Stepcast {document['stepcast']} in format {found}; this is "
                    f"{__version__}, which reads format {FORMAT}: update Stepcast, or fit and save again"
                )
            document.pop("stepcast")
            numbers = range(document.pop("shards"))
            of_sums = document.pop("of_sums", 0)
            shards = tuple(read_shard(file.read(f"shard-{number}.parquet")) for number in numbers)
            learned = [file.read(f"trained-{number}.npz") for number in numbers]
            reconciled = tuple(archive.from_bytes(Reconciled, one) for one in learned if of_sums)
            trained = tuple(one.trained for one in reconciled) or tuple(
                archive.from_bytes(Trained, one) for one in learned
            )
            return Facts(**document), Parts(file.read(SHARED), shards, trained, reconciled, of_sums)
    except (zipfile.BadZipFile, KeyError, TypeError) as error:
        raise WrongFile(f"{path} is not a file of Forecaster.save: {error}") from None
