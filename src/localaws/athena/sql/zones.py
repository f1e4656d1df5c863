"""``timestamp with time zone``: a moment, and the zone in which it is shown.

Trino keeps the zone in every value. Where the query itself fixes the zone (``AT TIME ZONE 'Asia/Tokyo'``) it
is part of the type here and DuckDB has a plain TIMESTAMPTZ; where zones come from data or meet each other the
type's zone is None and every value is a struct of the ``moment`` and its ``zone``. The moment comes
first, so such structs sort as Trino sorts.
"""

import re

from localaws.athena.sql.typed import literal
from localaws.athena.sql.types import Type

__all__ = [
    "in_zone",
    "instant",
    "like",
    "local",
    "moment",
    "offset_text",
    "shown_zone",
    "zone_name",
    "zone_sql",
]

_OFFSET = re.compile(r"([+-])(\d\d?):?(\d\d)?")
# Of a value under the name w; a dot instead would be a column to DuckDB in HAVING.
_MOMENT, _ZONE = "struct_extract(w, 'moment')", "struct_extract(w, 'zone')"
_SHOWN = f"timezone(athena_duckdb_zone({_ZONE}), {_MOMENT})"
_UTC = ("", "Z", "UTC", "GMT", "UT", "Zulu", "+00:00", "-00:00")


def zone_name(text: str) -> str:
    """A zone as Trino writes it.

    >>> zone_name("Z"), zone_name("+0530"), zone_name("-3"), zone_name("Asia/Tokyo")
    ('UTC', '+05:30', '-03:00', 'Asia/Tokyo')
    """
    found = _OFFSET.fullmatch(text)
    if found:
        text = f"{found[1]}{int(found[2]):02d}:{found[3] or '00'}"
    return "UTC" if text in _UTC else text


def zone_sql(text: str) -> str:
    """SQL that gives ``zone_name`` of the SQL text ``text``."""
    return f"athena_zone_name({text})"


def in_zone(at: str, zone: str) -> str:
    """The moment ``at`` with the zone that the SQL text ``zone`` gives."""
    known = f"CASE WHEN {_MOMENT} IS NOT NULL AND {_ZONE} IS NOT NULL THEN w END"
    return _once(f"struct_pack(moment := {at}, zone := {zone})", known)


def instant(sql: str, kind: Type) -> str:
    """The moment alone, a TIMESTAMPTZ."""
    return f"struct_extract({sql}, 'moment')" if kind.zone is None else sql


def local(sql: str, kind: Type) -> str:
    """What a clock in the value's zone shows, a TIMESTAMP; other types as they are."""
    if kind.base != "timestamp with time zone":
        return sql
    if kind.zone is None:
        return _once(sql, _SHOWN)
    return f"timezone({_for_duckdb(sql, kind)}, {sql})"


def moment(shown: str, kind: Type, sql: str) -> str:
    """The moment at which a clock in the zone of the value ``sql`` shows ``shown``."""
    return f"timezone({_for_duckdb(sql, kind)}, {shown})"


def like(at: str, kind: Type, sql: str) -> str:
    """The moment ``at`` in the zone of the value ``sql``."""
    return in_zone(at, _zone(sql)) if kind.zone is None else at


def shown_zone(sql: str, kind: Type) -> str:
    """SQL of the zone's name."""
    return _zone(sql) if kind.zone is None else literal(kind.zone)


def offset_text(sql: str, kind: Type) -> str:
    """``+05:30``, or ``Z`` where the clock shows UTC."""
    if kind.zone is None:
        return _once(sql, f"athena_offset_text(epoch({_SHOWN}) - epoch({_MOMENT}))")
    return f"athena_offset_text(epoch({local(sql, kind)}) - epoch({sql}))"


def _once(sql: str, body: str) -> str:
    """``body`` with ``sql`` as ``w``: written several times it would grow with every call around it."""
    return f"list_transform([{sql}], lambda w: {body})[1]"


def _zone(sql: str) -> str:
    return f"struct_extract({sql}, 'zone')"


def _for_duckdb(sql: str, kind: Type) -> str:
    """DuckDB calls an offset GMT+05:30."""
    if kind.zone is None:
        return f"athena_duckdb_zone({_zone(sql)})"
    return literal(f"GMT{kind.zone}" if kind.zone[0] in "+-" else kind.zone)
