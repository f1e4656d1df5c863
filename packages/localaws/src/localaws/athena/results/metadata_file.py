"""``<id>.csv.metadata``: the columns of a result in protocol buffers, which some clients read.

Field 1 is the query's id, each field 4 a column: 1 catalog, 4 name, 5 label, 6 type, 7 precision, 8 scale, 9
nullable, 10 case-sensitive. AWS does not document the layout; it was found in files that the service wrote.
"""

from collections.abc import Sequence

from localaws.athena.results.column_info import ColumnInfo

__all__ = ["metadata_file"]

_UNKNOWN_NULLABLE = 3


def metadata_file(query_id: str, columns: Sequence[ColumnInfo]) -> bytes:
    """The content of the file."""
    return _text(1, query_id) + b"".join(_bytes(4, _column(column)) for column in columns)


def _column(column: ColumnInfo) -> bytes:
    return b"".join(
        [
            _text(1, column.catalog),
            _text(4, column.name),
            _text(5, column.name),
            _text(6, column.type),
            _number(7, column.precision),
            _number(8, column.scale),
            _number(9, _UNKNOWN_NULLABLE),
            _number(10, int(column.case_sensitive)),
        ]
    )


def _text(field: int, text: str) -> bytes:
    return _bytes(field, text.encode())


def _bytes(field: int, content: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(content)) + content


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _varint(value: int) -> bytes:
    """Seven bits a byte, the low ones first.

    >>> _varint(300)
    b'\\xac\\x02'
    """
    low, rest = value & 0x7F, value >> 7
    return bytes([low | 0x80]) + _varint(rest) if rest else bytes([low])
