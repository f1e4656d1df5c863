"""Recognizes other formats by the first bytes of a file that should be CSV."""

from stepcast.pipeline.importing.file_problem import FileProblem
from stepcast.pipeline.importing.files.records import breaks

__all__ = ["refuse_other_formats"]

SAVE_AS_CSV = "Save it as CSV: UTF-8 text, cells separated by commas, one record per line"
UNPACK = "Decompress it, and upload the CSV, plain or as .csv.gz"

# Sources: the formats' specifications; longer prefixes first if one contains another.
BEGINNINGS: tuple[tuple[bytes, str, str], ...] = (
    (b"PAR1", "it is a Parquet file", "Rename it to end in .parquet"),
    (
        b"PK\x03\x04",
        "it is a ZIP archive or an Excel workbook (.xlsx)",
        f"{SAVE_AS_CSV}; extract an archive first",
    ),
    (b"\xd0\xcf\x11\xe0", "it is an old Office document (.xls)", SAVE_AS_CSV),
    (b"%PDF", "it is a PDF document", SAVE_AS_CSV),
    (b"BZh", "it is compressed with bzip2", UNPACK),
    (b"\x28\xb5\x2f\xfd", "it is compressed with zstd", UNPACK),
    (b"\xfd7zXZ\x00", "it is compressed with xz", UNPACK),
    (b"7z\xbc\xaf\x27\x1c", "it is a 7-Zip archive", UNPACK),
    (b"Rar!\x1a\x07", "it is a RAR archive", UNPACK),
    (b"ORC", "it is an ORC file", "Save it as CSV or Parquet"),
    (b"Obj\x01", "it is an Avro file", "Save it as CSV or Parquet"),
    (b"SQLite format 3\x00", "it is an SQLite database", "Export the table as CSV"),
    (b"\xff\xfe", "it is UTF-16 text", "Save it as UTF-8"),
    (b"\xfe\xff", "it is UTF-16 text", "Save it as UTF-8"),
)
MARKUP = (b"<!doctype html", b"<html", b"<?xml", b"<error>")
SQL = (b"insert into ", b"create table ", b"select ", b"-- mysql dump")
JSON = (b'{"', b"[{", b"[[", b"{\n", b"[\n", b"{\r\n", b"[\r\n")
SAMPLE = 65_536  # bytes
BINARY = 100  # bytes of text for each invalid byte
ALLOWED_CONTROLS = b"\t\n\r\f"


def refuse_other_formats(head: bytes) -> None:
    """Raise FileProblem if ``head``, the start of a decompressed file, is not CSV in UTF-8.

    A few invalid bytes are ignored here; they are reported later with their lines.
    """
    head = head[:SAMPLE]
    for beginning, what, remedy in BEGINNINGS:
        if head.startswith(beginning) and not (beginning.isalnum() and _looks_like_a_row(head)):
            raise FileProblem("V01", what, remedy)
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if text.lower().startswith(MARKUP):
        what = "it is an HTML or XML page, not data"
        raise FileProblem("V01", what, "Open it in a browser; a download may have returned an error page")
    if text.startswith(b"version https://git-lfs"):
        raise FileProblem(
            "V01", "it is a Git LFS pointer, not the file itself", "Run git lfs pull and upload it again"
        )
    if text.lower().startswith(SQL):
        raise FileProblem("V01", "it is SQL", SAVE_AS_CSV)
    if text.startswith(JSON):
        raise FileProblem("V01", "it is JSON", SAVE_AS_CSV)
    if head.count(0) * 4 > len(head):  # every second byte of Latin text
        raise FileProblem("V01", "it is UTF-16 text or binary data", "Save it as UTF-8 text")
    controls = bytes(set(range(32)) - set(ALLOWED_CONTROLS))
    count = len(head) - len(head.translate(None, controls))
    if count * BINARY > len(head):
        raise FileProblem(
            "V01", "it is a binary file: it contains bytes that text does not have", SAVE_AS_CSV
        )
    if count:
        place = next(place for place, byte in enumerate(head) if byte in controls)
        what = f"there is a byte that text does not have, 0x{head[place]:02X}"
        raise FileProblem("V01", what, "Remove the byte", line=1 + breaks(head[:place]))


def _looks_like_a_row(head: bytes) -> bool:
    """Whether a prefix such as ORC or PAR1 is only the start of a word in a first line with commas."""
    line = head.splitlines()[0]
    return b"," in line and line.isascii() and line.decode().isprintable()
