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
    """What was learned, without the task."""

    shared: bytes
    shards: tuple[Shard, ...]
    trained: tuple[Trained, ...]

    def fitted(self, task: Task) -> Fitted:
        return Fitted(task, self.shared, self.shards, self.trained)


def write(path: Path, facts: Facts, fitted: Fitted) -> None:
    """Write the file, or none: an earlier one stays until the new one is complete."""
    document = {"format": FORMAT, "stepcast": __version__, "shards": len(fitted.shards), **asdict(facts)}
    partial = path.with_name(f".{path.name}.partial")
    try:
        with zipfile.ZipFile(partial, "w") as file:
            file.writestr(FACTS, json.dumps(document))
            file.writestr(SHARED, fitted.shared)
            for number, (shard, trained) in enumerate(zip(fitted.shards, fitted.trained, strict=True)):
                sink = BytesIO()
                write_shard(sink, shard)
                file.writestr(f"shard-{number}.parquet", sink.getvalue())
                file.writestr(f"trained-{number}.npz", archive.to_bytes(trained))
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
            shards = tuple(read_shard(file.read(f"shard-{number}.parquet")) for number in numbers)
            trained = tuple(
                archive.from_bytes(Trained, file.read(f"trained-{number}.npz")) for number in numbers
            )
            return Facts(**document), Parts(file.read(SHARED), shards, trained)
    except (zipfile.BadZipFile, KeyError, TypeError) as error:
        raise WrongFile(f"{path} is not a file of Forecaster.save: {error}") from None
