"""A finished run, read from its bucket or from the folder of ``stepcast run --out``."""

import io
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv

from stepcast.connect.errors import ConnectorError
from stepcast.pipeline import layout, objects, tables, vintages
from stepcast.pipeline.csv_files import read_parquet
from stepcast.pipeline.errors import ResourceNotFoundException
from stepcast.pipeline.shards import Shard, read_shard
from stepcast.pipeline.vintages import Manifest

__all__ = ["LATEST", "FinishedRun", "InputFile", "find", "published"]

LATEST = "latest"


@dataclass(frozen=True)
class InputFile:
    """A file that a run read; ``version`` is None if no bucket keeps it."""

    key: str
    etag: str | None
    version: str | None
    size: int | None


@dataclass(frozen=True)
class FinishedRun:
    """One published vintage in ``bucket``, under ``root``: ``forecast/`` or ``history/``.

    ``bucket`` is empty if the run is read from a folder: the bucket it ran in no longer exists.
    """

    s3: Any
    bucket: str
    root: str
    manifest: Manifest

    @cached_property
    def params(self) -> dict[str, Any]:
        """The run's params.json; empty for old vintages that did not keep it."""
        text = self.text(layout.vintage_params(self.root, self.manifest.vintage))
        found: dict[str, Any] = json.loads(text) if text else {}
        return found

    @property
    def predictor(self) -> str:
        """The predictor's name in params.json, shared by all its trainings."""
        named = self.params.get("Predictor", {}).get("PredictorName")
        return str(named or re.sub(r"_\d{8}T\d{6}Z[0-9a-f]*$", "", self.manifest.predictor))

    def inputs(self) -> list[InputFile]:
        """The files it was trained on, params.json included; empty if they were not recorded."""
        documents = [("predictor", self.manifest.predictor), ("dataset-import-job", self.manifest.import_job)]
        for kind, name in documents:
            document = json.loads(self.text(layout.resource(kind, name)) or "{}")
            if given := document.get("Inputs"):
                return [self._input(one["Key"], one["ETag"], one["VersionId"], one["Size"]) for one in given]
        rows = self.table(layout.lineage(self.manifest.predictor))
        found = rows.to_pylist() if rows is not None else []
        return [self._input(row["file"], row["etag"], row["version_id"], row["size"]) for row in found]

    def _input(self, key: str, etag: str, version: str | None, size: int) -> InputFile:
        return InputFile(key, etag.strip('"'), version if self.bucket else None, size)

    def leaderboard(self) -> pa.Table | None:
        return self.table(f"{layout.accuracy(self.manifest.predictor, tables.LEADERBOARD)}part-0.parquet")

    def accuracy(self) -> pa.Table | None:
        """Accuracy by item and window."""
        return self.table(f"{layout.accuracy(self.manifest.predictor, tables.ACCURACY)}part-0.parquet")

    def tuning(self) -> pa.Table | None:
        """The trials of its tuning, in order; None if nothing was tuned."""
        return self.table(layout.tuning(self.manifest.predictor))

    def forecast(self) -> pa.Table:
        """The exported forecast: identifier, date and dimensions as text, then the outputs."""
        kinds = {name: pa.string() for name, kind in self.manifest.wide_columns.items() if kind == "string"}
        options = pa.csv.ConvertOptions(column_types=kinds)
        prefix = layout.raw(self.root, self.manifest.vintage)
        parts = (self._read(key) for key in objects.keys(self.s3, self.bucket, prefix))
        return pa.concat_tables(
            pa.csv.read_csv(io.BytesIO(part), convert_options=options) for part in parts if part is not None
        )

    def shards(self) -> Iterator[Shard]:
        """The series that the predictor was trained on; empty if they were deleted."""
        prefix = layout.predictor(self.manifest.predictor, "shards")
        for key in objects.keys(self.s3, self.bucket, prefix):
            if (part := self._read(key)) is not None:
                yield read_shard(part)

    def learned(self) -> bytes | None:
        """What all series taught together; None if each was fitted by itself, or it was deleted."""
        return self._read(layout.kept_shared(self.manifest.predictor))

    def training(self) -> list[dict[str, Any]]:
        """The epochs of a network in order, with the fields of Epoch; empty without one."""
        text = self.text(layout.kept_training(self.manifest.predictor))
        epochs: list[dict[str, Any]] = json.loads(text) if text else []
        return epochs

    def reports(self) -> dict[str, str]:
        """The validation report, by file name."""
        keys = (layout.report(self.manifest.run, ending) for ending in ("md", "json"))
        found = {key.rpartition("/")[2]: self.text(key) for key in keys}
        return {name: text for name, text in found.items() if text is not None}

    def fetch_predictor(self, folder: Path) -> bool:
        """Copy the predictor to ``folder`` in KeptPredictor's layout; False if it was deleted."""
        prefix = layout.predictor(self.manifest.predictor)
        params = self.text(layout.vintage_params(self.root, self.manifest.vintage))
        parts = (layout.predictor(self.manifest.predictor, part) for part in ("shards", "trained"))
        keys = [key for part in parts for key in objects.keys(self.s3, self.bucket, part)]
        if not keys or params is None:
            return False
        (folder / layout.PARAMS).write_text(params, "utf-8")
        for key in keys:
            path = folder / key.removeprefix(prefix)
            path.parent.mkdir(parents=True, exist_ok=True)
            body = self._read(key)
            if body is None:  # a newer forecast was published meanwhile
                return False
            path.write_bytes(body)
        return True

    def text(self, key: str) -> str | None:
        body = self._read(key)
        return None if body is None else body.decode()

    def table(self, key: str) -> pa.Table | None:
        body = self._read(key)
        return None if body is None else read_parquet(body)

    def _read(self, key: str) -> bytes | None:
        try:
            return objects.read(self.s3, self.bucket, key)
        except ResourceNotFoundException:
            return None


def published(s3: Any, bucket: str, after: str = "") -> list[FinishedRun]:
    """All published vintages later than ``after``, oldest first."""
    found = {}
    for root in (layout.FORECAST, layout.HISTORY):  # moved in this order, so none is missed
        for name in vintages.names(s3, bucket, root):
            manifest = vintages.read(s3, bucket, name, root) if name > after else None
            if manifest is not None and manifest.published is not None:
                found[name] = FinishedRun(s3, bucket, root, manifest)
    return [found[name] for name in sorted(found)]


def find(s3: Any, bucket: str, which: str = LATEST) -> FinishedRun:
    """The run with this name, vintage or predictor, or the latest.

    Raises:
        ConnectorError: there is no such run. The message lists the latest vintages.
    """
    there = published(s3, bucket)
    if not there:
        raise ConnectorError(f"s3://{bucket}/ has no published forecast yet: see `stepcast status`")
    if which == LATEST:
        return there[-1]
    for run in reversed(there):
        if which in (run.manifest.run, run.manifest.vintage, run.manifest.predictor):
            return run
    last = ", ".join(run.manifest.vintage for run in there[-3:])
    raise ConnectorError(
        f"no published forecast has the run, vintage or predictor {which!r}: the latest vintages are {last}"
    )
