"""Rows into files of a table: what CREATE TABLE AS, INSERT and UNLOAD have in common."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import unquote

from localaws.athena.errors import QueryFailed
from localaws.athena.hive_types import to_hive
from localaws.athena.session import Session
from localaws.athena.sql.compiled import CompiledQuery
from localaws.athena.sql.render import result_text
from localaws.athena.sql.typed import literal
from localaws.athena.sql.types import Type
from localaws.athena.tables.location import bucket_and_prefix
from localaws.athena.tables.named_rows import to_named

__all__ = ["Form", "Written", "form_of", "write"]

_CODECS = {
    "PARQUET": {
        "GZIP": "gzip",
        "SNAPPY": "snappy",
        "ZSTD": "zstd",
        "UNCOMPRESSED": "uncompressed",
        "NONE": "uncompressed",
    },
    "TEXTFILE": {"GZIP": "gzip", "NONE": "none", "UNCOMPRESSED": "none"},
    "JSON": {"GZIP": "gzip", "NONE": "none", "UNCOMPRESSED": "none"},
}
_DEFAULT_CODEC = "GZIP"  # of every format, without write_compression


@dataclass(frozen=True, slots=True)
class Form:
    """How files are written: PARQUET, TEXTFILE or JSON, DuckDB's word for the codec, a text's delimiter."""

    format: str
    codec: str
    delimiter: str = "\x01"

    @property
    def ending(self) -> str:
        """The end of a file's name, by which readers know that it is compressed."""
        return ".gz" if self.format != "PARQUET" and self.codec == "gzip" else ""


@dataclass(frozen=True, slots=True)
class Written:
    """What was written: the addresses of the files, how many rows, and the partitions among them."""

    files: tuple[str, ...]
    rows: int
    partitions: tuple[tuple[str, ...], ...]


def form_of(properties: Mapping[str, str], *, default: str = "PARQUET") -> Form:
    """The form that WITH (...) asks for."""
    name = properties.get("format", default).upper()
    if name not in _CODECS:
        raise QueryFailed("NOT_SUPPORTED", f"format {name}: {', '.join(_CODECS)} are supported")
    asked = (
        properties.get("write_compression")
        or properties.get("compression")
        or properties.get(f"{name.lower()}_compression")
    )
    codec = (asked or _DEFAULT_CODEC).upper()
    if codec not in _CODECS[name]:
        raise QueryFailed(
            "NOT_SUPPORTED", f"compression {codec} of {name}: {', '.join(_CODECS[name])} are supported"
        )
    return Form(name, _CODECS[name][codec], properties.get("field_delimiter", "\x01"))


def write(
    session: Session,
    compiled: CompiledQuery,
    names: Sequence[str],
    location: str,
    form: Form,
    keys: Sequence[str] = (),
) -> Written:
    """Write the query's rows under ``location``; the columns ``keys``, the last ones, become folders."""
    kinds = [column.type for column in compiled.columns]
    for kind in kinds:
        to_hive(kind)  # or fails: files have no intervals and no time zones
    folder = session.workspace.write("written")
    folder.mkdir()
    inner = len(names) - len(keys)
    columns = [
        (f"q.{column.sql}", name, kind)
        for column, name, kind in zip(compiled.columns, names, kinds, strict=True)
    ]
    values = _values(columns[:inner], form) + [
        f"{sql} AS {_quoted(name)}" for sql, name, _ in columns[inner:]
    ]
    target = folder if keys else folder / "file"
    options = _options(form)
    if keys:
        options += f", PARTITION_BY ({', '.join(_quoted(name) for name in names[inner:])})"
    found = session.execute(
        f"COPY (SELECT {', '.join(values)} FROM ({compiled.sql}) AS q) TO {literal(str(target))} ({options})"
    )
    rows = int(found[0][0])
    bucket, prefix = bucket_and_prefix(location)
    stamp = session.now.strftime("%Y%m%d_%H%M%S")
    files: list[str] = []
    partitions: dict[tuple[str, ...], None] = {}
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        if not rows:
            break
        folders = [unquote(part) for part in path.relative_to(folder).parts[:-1]]
        if folders:
            partitions[tuple(part.partition("=")[2] for part in folders)] = None
        key = prefix + "".join(f"{part}/" for part in folders) + f"{stamp}_{uuid.uuid4()}{form.ending}"
        session.store.put(bucket, key, path)
        files.append(f"s3://{bucket}/{key}")
    return Written(tuple(files), rows, tuple(partitions))


def _values(columns: Sequence[tuple[str, str, Type]], form: Form) -> list[str]:
    if form.format == "TEXTFILE":
        # One column with the whole line: DuckDB would quote, and Hive's text files have no quotes.
        texts = [f"coalesce({result_text(sql, kind)}, '\\N')" for sql, _, kind in columns]
        return [f"{f' || {literal(form.delimiter)} || '.join(texts)} AS line"]
    return [f"{to_named(sql, kind)} AS {_quoted(name)}" for sql, name, kind in columns]


def _options(form: Form) -> str:
    if form.format == "PARQUET":
        return f"FORMAT parquet, COMPRESSION {form.codec}"
    if form.format == "JSON":
        return f"FORMAT json, COMPRESSION {form.codec}"
    return f"FORMAT csv, HEADER false, QUOTE '', ESCAPE '', DELIMITER '', COMPRESSION {form.codec}"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
