"""Trino's types: how they are written, which coerce to which, and what holds them in DuckDB."""

from dataclasses import dataclass
from typing import cast

__all__ = [
    "Type",
    "array",
    "can_coerce",
    "common_type",
    "decimal",
    "duckdb_type",
    "function",
    "map_of",
    "row",
    "varchar",
]

MAX_PRECISION = 38
DEFAULT_TIMESTAMP_PRECISION = 3  # milliseconds, as everything in Athena has


@dataclass(frozen=True, slots=True)
class Type:
    """A type with its parameters: a length, a precision, other types.

    ``names`` are a row's field names, None where a field has none. ``zone`` is the time zone in which a
    ``timestamp with time zone`` is shown, None where every value has its own (``zones``).

    >>> str(array(row((BIGINT, varchar(3)), ("a", None))))
    'array(row(a bigint, varchar(3)))'
    """

    base: str
    parameters: tuple["Type | int | None", ...] = ()
    names: tuple[str | None, ...] = ()
    zone: str | None = "UTC"

    def __str__(self) -> str:
        if self.base == "row":
            fields = [
                f"{name} {kind}" if name else str(kind)
                for name, kind in zip(self.names, self.parameters, strict=True)
            ]
            return f"row({', '.join(fields)})"
        parameters = ", ".join(str(parameter) for parameter in self.parameters if parameter is not None)
        if self.base == "decimal":
            parameters = parameters.replace(" ", "")
        if self.base.endswith(" with time zone"):
            word, rest = self.base.split(" ", 1)
            return f"{word}({parameters}) {rest}"
        return f"{self.base}({parameters})" if parameters else self.base

    @property
    def element(self) -> "Type":
        """What an array holds."""
        return self.inner(0)

    @property
    def key(self) -> "Type":
        """The key of a map."""
        return self.inner(0)

    @property
    def value(self) -> "Type":
        """The value of a map."""
        return self.inner(1)

    @property
    def precision(self) -> int:
        """Digits of a decimal; digits of a second's fraction of a timestamp or time."""
        return self.number(0)

    @property
    def scale(self) -> int:
        """Digits of a decimal after its point."""
        return self.number(1)

    @property
    def length(self) -> int | None:
        """The most characters of a varchar or char; None where there is no limit."""
        parameter = self.parameters[0] if self.parameters else None
        return parameter if isinstance(parameter, int) else None

    def inner(self, index: int) -> "Type":
        """The parameter at ``index``, which is a type."""
        return cast(Type, self.parameters[index])

    def number(self, index: int) -> int:
        """The parameter at ``index``, which is a number."""
        return cast(int, self.parameters[index])


UNKNOWN = Type("unknown")  # of NULL
BOOLEAN = Type("boolean")
TINYINT, SMALLINT, INTEGER, BIGINT = Type("tinyint"), Type("smallint"), Type("integer"), Type("bigint")
REAL, DOUBLE = Type("real"), Type("double")
VARCHAR = Type("varchar", (None,))
VARBINARY = Type("varbinary")
JSON = Type("json")
DATE = Type("date")
TIME = Type("time", (DEFAULT_TIMESTAMP_PRECISION,))
TIMESTAMP = Type("timestamp", (DEFAULT_TIMESTAMP_PRECISION,))
TIMESTAMP_TZ = Type("timestamp with time zone", (DEFAULT_TIMESTAMP_PRECISION,))
DAY_INTERVAL = Type("interval day to second")
MONTH_INTERVAL = Type("interval year to month")

INTEGERS = ("tinyint", "smallint", "integer", "bigint")
APPROXIMATE = ("real", "double")
NUMBERS = (*INTEGERS, "decimal", *APPROXIMATE)
TEXTS = ("varchar", "char")
MOMENTS = ("date", "timestamp", "timestamp with time zone")
DIGITS = {"tinyint": 3, "smallint": 5, "integer": 10, "bigint": 19}  # as decimals


def varchar(length: int | None = None) -> Type:
    return Type("varchar", (length,))


def decimal(precision: int, scale: int) -> Type:
    return Type("decimal", (min(precision, MAX_PRECISION), scale))


def array(element: Type) -> Type:
    return Type("array", (element,))


def map_of(key: Type, value: Type) -> Type:
    return Type("map", (key, value))


def row(fields: tuple[Type, ...], names: tuple[str | None, ...] | None = None) -> Type:
    return Type("row", fields, names or (None,) * len(fields))


def function(result: Type) -> Type:
    """What a lambda is: only its result counts."""
    return Type("function", (result,))


def common_type(left: Type, right: Type) -> Type | None:
    """The type that values of both become where they meet (UNION, CASE, =), or None where they cannot.

    >>> str(common_type(INTEGER, decimal(3, 1)))
    'decimal(11,1)'
    >>> common_type(VARCHAR, BIGINT) is None
    True
    """
    if left == right or right.base == "unknown":
        return left
    if left.base == "unknown":
        return right
    if left.base in NUMBERS and right.base in NUMBERS:
        return _common_number(left, right)
    if left.base in TEXTS and right.base in TEXTS:
        return _common_text(left, right)
    if left.base in MOMENTS and right.base in MOMENTS:
        return _common_moment(left, right)
    if left.base != right.base or len(left.parameters) != len(right.parameters):
        return None
    if left.base == "time":
        return left if left.precision >= right.precision else right
    if left.base in {"array", "map", "row"}:
        inner = [common_type(left.inner(i), right.inner(i)) for i in range(len(left.parameters))]
        if any(kind is None for kind in inner):
            return None
        names = tuple(a if a == b else None for a, b in zip(left.names, right.names, strict=True))
        return Type(left.base, tuple(inner), names)
    return None


def can_coerce(given: Type, wanted: Type) -> bool:
    """Whether a ``given`` value is accepted where ``wanted`` is required."""
    if wanted.base == "varchar" and wanted.length is None and given.base in TEXTS:
        return True
    if wanted.base in MOMENTS and given.base in MOMENTS:
        return MOMENTS.index(given.base) <= MOMENTS.index(wanted.base)
    if given.base in {"array", "map", "row"} and given.base == wanted.base:
        return len(given.parameters) == len(wanted.parameters) and all(
            can_coerce(given.inner(i), wanted.inner(i)) for i in range(len(given.parameters))
        )
    return common_type(given, wanted) == wanted


def as_decimal(kind: Type) -> Type:
    """The decimal that holds every value of an integer type; a decimal as it is."""
    return kind if kind.base == "decimal" else decimal(DIGITS[kind.base], 0)


def _common_number(left: Type, right: Type) -> Type:
    for approximate in (DOUBLE, REAL):
        if approximate in (left, right):
            return approximate
    if left.base in INTEGERS and right.base in INTEGERS:
        return max(left, right, key=lambda kind: INTEGERS.index(kind.base))
    left, right = as_decimal(left), as_decimal(right)
    scale = max(left.scale, right.scale)
    whole = max(left.precision - left.scale, right.precision - right.scale)
    return decimal(whole + scale, scale)


def _common_text(left: Type, right: Type) -> Type:
    length = None if left.length is None or right.length is None else max(left.length, right.length)
    return Type("char" if left.base == right.base == "char" else "varchar", (length,))


def _common_moment(left: Type, right: Type) -> Type:
    higher = max(left, right, key=lambda kind: MOMENTS.index(kind.base))
    precision = max(kind.precision for kind in (left, right) if kind.base != "date")
    if left.base == right.base == "timestamp with time zone" and left.zone != right.zone:
        return Type(higher.base, (precision,), zone=None)
    return Type(higher.base, (precision,), zone=higher.zone)


_IN_DUCKDB = {
    "unknown": "INTEGER",
    "boolean": "BOOLEAN",
    "tinyint": "TINYINT",
    "smallint": "SMALLINT",
    "integer": "INTEGER",
    "bigint": "BIGINT",
    "real": "FLOAT",
    "double": "DOUBLE",
    "varchar": "VARCHAR",
    "char": "VARCHAR",
    "varbinary": "BLOB",
    "json": "JSON",
    "date": "DATE",
    "time": "TIME",
    "timestamp": "TIMESTAMP",
    "timestamp with time zone": "TIMESTAMPTZ",
    "interval day to second": "BIGINT",  # milliseconds, as in Trino: so they add up, sort and are equal
    "interval year to month": "INTEGER",  # months
}


def duckdb_type(kind: Type) -> str:
    """The DuckDB type that represents ``kind``. A row's fields are f0, f1, ...: Trino's may lack names.

    >>> duckdb_type(map_of(VARCHAR, row((DOUBLE, decimal(5, 2)))))
    'MAP(VARCHAR, STRUCT(f0 DOUBLE, f1 DECIMAL(5,2)))'
    """
    if kind.base == "decimal":
        return f"DECIMAL({kind.precision},{kind.scale})"
    if kind.base == "array":
        return f"{duckdb_type(kind.element)}[]"
    if kind.base == "map":
        return f"MAP({duckdb_type(kind.key)}, {duckdb_type(kind.value)})"
    if kind.base == "row":
        fields = [f"f{i} {duckdb_type(kind.inner(i))}" for i in range(len(kind.parameters))]
        return f"STRUCT({', '.join(fields)})"
    if kind.base == "timestamp with time zone" and kind.zone is None:
        return "STRUCT(moment TIMESTAMPTZ, zone VARCHAR)"
    return _IN_DUCKDB[kind.base]
