"""The first rows of files as columns of text, with any separator."""

import csv
import gzip
import io
import re
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import IO, TYPE_CHECKING, cast

from stepcast.drafting.cells import PLAIN, date_format, is_number
from stepcast.drafting.errors import CannotDraft
from stepcast.drafting.joined import joined_cells, joined_columns
from stepcast.drafting.wide import long_rows

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

__all__ = ["ONE_ITEM", "Sample", "in_rows", "records", "sample_of"]

ONE_ITEM = "series"  # the item's name if the files have none
ROWS = 100_000  # of all files together; enough for years of hours of many items
JUDGED = 200  # rows that decide about the delimiter and the header
DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "vertical bars"}
MARKS = {b"\xef\xbb\xbf": "utf-8-sig", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
SNIFFED = 1 << 20  # bytes
YEAR = re.compile(r"(19|20)\d\d", re.ASCII)


@dataclass(frozen=True)
class Sample:
    """``columns`` by name, all of the same length.

    ``files``      of the rows; ``whole`` is whether the sample has all of their rows.
    ``header``     whether the first line names the columns; otherwise, they are named 1, 2, 3...
    ``delimiter``, ``encoding``  of the text; ``,`` and ``utf-8`` for Parquet.
    ``numbers``    columns of Parquet that are stored with fractions.
    ``above``      lines above the table, such as a title, without blank ones.
    ``joined``     columns joined into one, because together they form the timestamp; ``given`` are the names
                   of all columns in the files.
    ``wide``       columns that are a series or a period each: ``columns`` has a row for each cell (in_rows).
    ``odd``        the first few lines (from 1, of the first file) with a different number of cells.
    """

    files: tuple[Path, ...]
    columns: dict[str, list[str]]
    header: bool
    delimiter: str
    encoding: str
    whole: bool
    odd: tuple[int, ...] = ()
    numbers: tuple[str, ...] = ()
    above: int = 0
    joined: tuple[str, ...] = ()
    given: tuple[str, ...] = ()
    wide: tuple[str, ...] = ()

    @property
    def rows(self) -> int:
        return len(next(iter(self.columns.values())))


def sample_of(files: Sequence[Path]) -> Sample:
    """The columns of ``files``, which must be the same in all. CannotDraft says what cannot be read."""
    samples = [_parquet(file) if _is_parquet(file) else _text(file) for file in files]
    first = samples[0]
    for file, other in zip(files, samples, strict=True):
        if list(other.columns) != list(first.columns):
            raise CannotDraft(
                f"{file} has the columns {_names(other)}, but {files[0]} has {_names(first)}; all files of a "
                "dataset must have the same columns. Other numbers belong in a related series, attributes of "
                "items in item metadata (docs/how-to/related.md)"
            )
    columns = {name: [cell for one in samples for cell in one.columns[name]] for name in first.columns}
    whole = all(one.whole for one in samples)
    made = replace(first, files=tuple(files), columns=columns, given=tuple(columns), whole=whole)
    joined = joined_columns(columns)
    if not joined:
        return made
    rows = (_join(row, made.given, joined) for row in zip(*columns.values(), strict=True))
    names = _joined_names(made.given, joined)
    cells = [list(column) for column in zip(*rows, strict=True)]
    return replace(made, columns=dict(zip(names, cells, strict=True)), joined=joined)


def in_rows(sample: Sample, wide: Sequence[str], added: Sequence[str]) -> Sample:
    """The sample with a row for each cell of the columns ``wide``, whose name and value are in two columns
    that are ``added``.

    Of many columns it has fewer of the files' rows.
    """
    rows = max(2, ROWS // len(wide))
    cells = islice(zip(*sample.columns.values(), strict=True), rows)
    names = list(sample.columns)
    long = zip(*(row for given in cells for row in long_rows(given, names, wide)), strict=True)
    kept = [name for name in names if name not in wide]
    columns = dict(zip([*kept, *added], map(list, long), strict=True))
    return replace(sample, columns=columns, wide=tuple(wide), whole=sample.whole and sample.rows <= rows)


def records(sample: Sample, file: Path) -> Iterator[list[str]]:
    """Every record of one of the sample's files except the header and blank lines, in the sample's columns.

    CannotDraft if a line has a different number of cells.
    """
    for line, row in _records(sample, file):
        if len(row) != len(sample.given):
            count = f"{len(row)} cells, but the other lines have {len(sample.given)}"
            raise CannotDraft(f"{file} line {line} has {count}: correct or remove the line")
        whole = _join(row, sample.given, sample.joined) if sample.joined else row
        if not sample.wide:
            yield whole
        else:
            yield from long_rows(whole, _joined_names(sample.given, sample.joined), sample.wide)


def _joined_names(given: Sequence[str], joined: Sequence[str]) -> list[str]:
    return _join(given, given, joined, name=" and ".join(joined)) if joined else list(given)


def _records(sample: Sample, file: Path) -> Iterator[tuple[int, list[str]]]:
    if _is_parquet(file):
        yield from ((number, list(row)) for number, row in enumerate(_parquet_rows(file), 1))
        return
    with _rows(file, *_dialect(file), errors="strict") as reader:
        rows = ((number, row) for number, row in enumerate(reader, 1) if any(cell.strip() for cell in row))
        yield from islice(rows, sample.above + int(sample.header), None)


def _join(
    row: Sequence[str], given: Sequence[str], joined: Sequence[str], name: str | None = None
) -> list[str]:
    """The row with one cell, named ``name`` or joined, in place of the first of the ``joined`` columns."""
    cells = dict(zip(given, row, strict=True))
    made = joined_cells([cells[part] for part in joined]) if name is None else name
    return [made if column == joined[0] else cells[column] for column in given if column not in joined[1:]]


@contextmanager
def _rows(file: Path, encoding: str, delimiter: str, errors: str) -> Iterator[Iterator[list[str]]]:
    """The records of a CSV file, compressed or not; blank lines are empty records."""
    try:
        with _opened(file) as binary, io.TextIOWrapper(binary, encoding, errors, newline="") as text:
            yield csv.reader(text, delimiter=delimiter)
    except UnicodeDecodeError as error:
        raise CannotDraft(
            f"{file} is not valid {encoding.upper()} text ({error.reason}): save it as UTF-8"
        ) from None
    except (csv.Error, EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise CannotDraft(f"{file} cannot be read as CSV: {error}") from None


def _dialect(file: Path) -> tuple[str, str]:
    """Encoding and delimiter of a text file."""
    with _opened(file) as binary:
        try:
            head = binary.read(SNIFFED)
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise CannotDraft(f"{file} cannot be decompressed: {error}") from None
    if not head.strip():
        raise CannotDraft(f"{file} is empty")
    encoding = next((name for mark, name in MARKS.items() if head.startswith(mark)), None) or _encoding(head)
    try:
        return encoding, _delimiter(head.decode(encoding, "replace"), file)
    except csv.Error as error:
        raise CannotDraft(f"{file} cannot be read as CSV: {error}") from None


@contextmanager
def _opened(file: Path) -> Iterator[IO[bytes]]:
    with file.open("rb") as packed:
        gzipped = packed.read(2) == b"\x1f\x8b"
        packed.seek(0)
        yield cast("IO[bytes]", gzip.GzipFile(fileobj=packed)) if gzipped else packed


def _text(file: Path) -> Sample:
    encoding, delimiter = _dialect(file)
    with _rows(file, encoding, delimiter, errors="replace") as reader:
        rows = [row for row in islice(reader, ROWS + 1) if any(cell.strip() for cell in row)]
    width = Counter(map(len, rows)).most_common(1)[0][0]
    whole_rows = (at for at, row in enumerate(rows) if len(row) == width and 2 * _filled(row) > width)
    above = next(whole_rows, 0)
    odd = [line for line, row in enumerate(rows, 1) if line > above and len(row) != width]
    kept = [row for row in rows[above:ROWS] if len(row) == width]
    header = _has_header(kept)
    if len(kept) == header:
        raise CannotDraft(f"{file} has a header but no rows")
    names = _unique(kept[0]) if header else [str(place) for place in range(1, width + 1)]
    cells = list(zip(*kept[header:], strict=True))
    columns = {name: list(column) for name, column in zip(names, cells, strict=True)}
    return Sample(
        (file,), columns, header, delimiter, encoding, len(rows) <= ROWS, tuple(odd[:5]), above=above
    )


def _filled(row: Sequence[str]) -> int:
    return sum(bool(cell.strip()) for cell in row)


def _parquet(file: Path) -> Sample:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(file) as parquet:
            stored, whole = parquet.schema_arrow, parquet.metadata.num_rows <= ROWS
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise CannotDraft(f"{file} cannot be read as Parquet: {error}. Write the file again") from None
    cells = list(zip(*islice(_parquet_rows(file), ROWS), strict=True))
    if not cells:
        raise CannotDraft(f"{file} has no rows")
    columns = {name: list(column) for name, column in zip(stored.names, cells, strict=True)}
    numbers = tuple(field.name for field in stored if pa.types.is_floating(field.type))
    return Sample((file,), columns, True, ",", "utf-8", whole, numbers=numbers)


def _parquet_rows(file: Path) -> Iterator[tuple[str, ...]]:
    import pyarrow.parquet as pq

    with pq.ParquetFile(file) as parquet:
        days = _columns_of_days(parquet)
        for batch in parquet.iter_batches():
            columns = zip(batch.schema.names, batch.columns, strict=True)
            yield from zip(*(_cells(column, name in days) for name, column in columns), strict=True)


def _columns_of_days(parquet: "pq.ParquetFile") -> set[str]:
    """The columns of timestamps that are all midnights."""
    import pyarrow as pa
    import pyarrow.compute as pc

    days = {field.name for field in parquet.schema_arrow if pa.types.is_timestamp(field.type)}
    for name in list(days):
        for batch in parquet.iter_batches(columns=[name]):
            moments = (
                batch.column(0) if batch.column(0).type.tz is None else pc.local_timestamp(batch.column(0))
            )
            if pc.any(pc.not_equal(pc.floor_temporal(moments, unit="day"), moments)).as_py():
                days.discard(name)
                break
    return days


def _cells(column: "pa.Array", days: bool) -> Iterator[str]:
    texts = map(_plain, column.to_pylist())
    return (text.removesuffix(" 00:00:00") for text in texts) if days else texts


def _plain(value: object) -> str:
    """A Parquet value as in CSV: timestamps in the local time of their zone."""
    if isinstance(value, datetime):
        value = value.replace(tzinfo=None)
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        value = int(value)
    return "" if value is None else str(value)


def _is_parquet(file: Path) -> bool:
    with file.open("rb") as content:
        return content.read(4) == b"PAR1"


def _encoding(head: bytes) -> str:
    """UTF-8, or Windows-1252 if it is not valid UTF-8."""
    try:
        head.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start < len(head) - 4:  # a character may be cut at the end
            return "cp1252"
    return "utf-8"


def _delimiter(text: str, file: Path) -> str:
    """The delimiter that splits most rows into equally many cells, one of which is a date."""
    best, score = "", (0, 0.0, 0)
    for delimiter in DELIMITERS:
        rows = [
            r for r in islice(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), JUDGED) if r
        ]
        width, count = Counter(map(len, rows)).most_common(1)[0]
        if width == 1:
            continue
        columns = zip(*(row for row in rows if len(row) == width), strict=True)
        dated = sum(date_format(column[1:]) is not None for column in columns)
        if (found := (min(dated, 1), round(count / len(rows), 1), width)) > score:
            best, score = delimiter, found
    if not best:
        raise CannotDraft(
            f"{file} has only one column; a timestamp and a value are required, separated by commas"
        )
    return best


def _has_header(rows: Sequence[Sequence[str]]) -> bool:
    """Whether the first row has no date or number where other rows have one, or one year after another."""
    years = [int(cell) for cell in map(str.strip, rows[0]) if YEAR.fullmatch(cell)]
    if len(years) > 2 and years == list(range(years[0], years[0] + len(years))):
        return True
    if len(rows) < 2:
        return not any(date_format([cell]) or PLAIN.fullmatch(cell.strip()) for row in rows for cell in row)
    typed = 0
    for first, *others in zip(*rows[:JUDGED], strict=True):
        dated, numeric = date_format(others) is not None, all(map(is_number, filter(str.strip, others)))
        if not (dated or numeric):
            continue
        typed += 1
        if first.strip() and ((dated and date_format([first])) or (numeric and is_number(first))):
            return False
    return typed > 0


def _unique(names: Sequence[str]) -> list[str]:
    """Names unchanged; an empty or repeated one gets its position appended."""
    seen: set[str] = set()
    made = []
    for place, name in enumerate(names, 1):
        own = name.strip()
        made.append(own if own and own not in seen else f"{own or 'column'} {place}")
        seen.add(own)
    return made


def _names(sample: Sample) -> str:
    return ", ".join(map(repr, sample.columns))
