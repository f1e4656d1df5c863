"""Finds the columns with the time, the target and the item."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from stepcast.drafting.cells import date_format, is_number
from stepcast.drafting.errors import CannotDraft
from stepcast.pipeline.domains import DOMAINS, identifier_field, target_field
from stepcast.pipeline.importing.quoting import listed

__all__ = ["Roles", "check_names", "period_columns", "roles_of", "value_columns"]

TIMES = {
    *("timestamp", "datetime", "date", "ds", "time", "day", "week", "month", "period", "ts", "year"),
    *("quarter", "stamp", "zeit", "datum", "fecha", "start", "start_time", "begin"),
}
TARGETS = (  # the most specific names first
    {*map(target_field, DOMAINS), "y", "target"},
    {*("sales", "sale", "sold", "units", "units_sold", "quantity", "qty", "close", "load", "consumption")},
    {*("kwh", "mwh", "count", "amount", "revenue", "turnover", "visits", "views", "pageviews", "orders")},
    {*("usage", "price", "volume", "total")},
)
ITEMS = (
    {*map(identifier_field, DOMAINS), "unique_id", "series_id"},
    {*("item", "sku", "product", "product_id", "productid", "article", "article_id", "material", "asin")},
    {*("ean", "upc", "part", "symbol", "ticker", "meter", "meter_id", "sensor", "sensor_id", "device")},
    {*("device_id", "series", "metric", "id", "name")},
    {*("store", "store_id", "storeid", "store_nbr", "shop", "shop_id", "location", "region", "country")},
    {
        *(
            "state",
            "city",
            "site",
            "branch",
            "warehouse",
            "department",
            "dept",
            "family",
            "category",
            "channel",
        )
    },
)
FEW = 0.01  # of the rows: they may be corrections or accidental duplicates
CODED = 3  # the tier of other names that end in code or id
PEOPLE = ("customer", "user", "client", "order", "invoice", "transaction", "receipt", "row")
FILLED = 0.9  # of the rows: a remark is often left out, an item never


@dataclass(frozen=True)
class Roles:
    """Columns by role; ``others`` have none.

    ``items``  the identifier, then other columns that distinguish series; empty if none identifies
               items.
    ``form``   of the time, in TimestampFormat's letters.
    """

    time: str
    form: str
    target: str
    items: tuple[str, ...]
    others: tuple[str, ...]


def roles_of(
    columns: Mapping[str, Sequence[str]],
    time: str | None = None,
    target: str | None = None,
    items: Sequence[str] = (),
) -> Roles:
    """The roles of the columns, accepting those that the user gave.

    CannotDraft if a given column does not exist, or if several are possible, with the list of them and the
    option to choose one.
    """
    check_names(columns, (time, target, *items))
    time, form = _time(columns, time, {target, *items})
    target = target or _target(_values(columns, time, items), columns, items)
    found = tuple(items) or _items(columns, {time, target}, time)
    return Roles(time, form, target, found, tuple(n for n in columns if n not in (time, target, *found)))


def period_columns(columns: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """The columns of numbers that are named by a date each; empty with fewer than two.

    >>> period_columns({"sku": ["a"], "2024-01-31": ["1"], "2024-02-29": ["2"]})
    ('2024-01-31', '2024-02-29')
    """
    dated = tuple(name for name, cells in columns.items() if _is_period(name) and _is_numeric(cells))
    return dated if len(dated) > 1 and date_format(dated, bare=True) is not None else ()


def _is_period(name: str) -> bool:
    return date_format([name], bare=True) is not None


def value_columns(
    columns: Mapping[str, Sequence[str]], time: str | None = None, items: Sequence[str] = ()
) -> tuple[str, ...]:
    """The columns with numbers to forecast. CannotDraft if a given column does not exist."""
    check_names(columns, (time, *items))
    return tuple(_values(columns, _time(columns, time, set(items))[0], items))


def _values(columns: Mapping[str, Sequence[str]], time: str, items: Sequence[str]) -> list[str]:
    """Columns of numbers that are neither counters of rows nor integers named like an item."""
    numeric = (
        name
        for name, cells in columns.items()
        if name not in (time, *items) and _is_numeric(cells) and not _counts_rows(name, cells)
    )
    return [name for name in numeric if _tier(name) == len(ITEMS) or _has_fractions(columns[name])]


def check_names(columns: Mapping[str, Sequence[str]], names: Iterable[str | None]) -> None:
    """CannotDraft if one of the ``names`` that are given is not a column."""
    for name in names:
        if name is not None and name not in columns:
            raise CannotDraft(f"there is no column {name!r}; the columns are {listed(list(columns))}")


def _time(columns: Mapping[str, Sequence[str]], asked: str | None, taken: set[str | None]) -> tuple[str, str]:
    if asked is not None:
        if (form := date_format(columns[asked], bare=True)) is None:
            raise CannotDraft(
                f"{asked!r} does not contain timestamps; its first cell is {columns[asked][0]!r}"
            )
        return asked, form
    forms = {name: date_format(cells) for name, cells in columns.items() if name not in taken}
    dated = [name for name, form in forms.items() if form is not None]
    if not dated:  # only digits, if the name indicates timestamps
        forms = {n: date_format(columns[n], bare=True) for n in forms if _words(n) & TIMES}
        dated = [name for name, form in forms.items() if form is not None]
    if len(dated) > 1:
        named = [name for name in dated if _plain(name) in TIMES]
        dated = named if len(named) == 1 else dated
    if not dated and date_format(list(columns)[-3:]) is not None:
        raise CannotDraft("the column names are dates: --wide makes one row for each item and date")
    if not dated:
        raise CannotDraft(
            f"no column contains dates; the columns are {listed(list(columns))}. Choose one with "
            "--time COLUMN"
        )
    if len(dated) > 1:
        raise CannotDraft(f"several columns contain dates, {listed(dated)}: choose one with --time COLUMN")
    return dated[0], str(forms[dated[0]])


def _target(candidates: list[str], columns: Mapping[str, Sequence[str]], items: Sequence[str]) -> str:
    if len(candidates) != 1:
        telling = [name for name in candidates if len(set(columns[name][:10_000])) > 2]  # flags are not
        candidates = telling or candidates
    for tier in TARGETS if len(candidates) > 1 else ():
        if len(hits := [name for name in candidates if _plain(name) in tier]) == 1:
            return hits[0]
    if len(candidates) == 1:
        return candidates[0]
    if not candidates:
        others = [name for name in columns if name not in items]
        raise CannotDraft(
            f"no column contains numbers to forecast; the others are {listed(others)}. Choose one with "
            "--target COLUMN"
        )
    raise CannotDraft(
        f"several columns contain numbers, {listed(candidates)}: choose one with --target COLUMN; "
        "if each is a series, repeat --target, or take all with --wide"
    )


def _items(columns: Mapping[str, Sequence[str]], taken: set[str], time: str) -> tuple[str, ...]:
    """The identifier first, then columns as long as they distinguish many rows with one timestamp."""
    rows = len(columns[time])
    candidates = []
    for name, cells in columns.items():
        names = _tier(name) < len(ITEMS)
        if name in taken or _counts_rows(name, cells) or (_is_numeric(cells) and not names):
            continue
        filled = sum(bool(cell.strip()) for cell in cells)
        if filled < FILLED * rows or date_format(cells) is not None:
            continue
        if len(set(cells)) < rows:  # otherwise, it identifies rows
            candidates.append(name)
    if not _shared(columns, [time]):
        # with one row for each timestamp there is one series: others, such as the weather, describe its rows
        candidates = [name for name in candidates if _tier(name) < len(ITEMS) or len(set(columns[name])) == 1]
    if not candidates:
        return ()
    candidates.sort(key=_tier)  # the sort is stable: the file's order decides among equals
    key = [candidates.pop(0)]
    shared = _shared(columns, [*key, time])
    while shared > FEW * rows and candidates:
        left, best = min(
            (_shared(columns, [*key, name, time]), place) for place, name in enumerate(candidates)
        )
        if left > shared / 2:
            break
        key.append(candidates.pop(best))
        shared = left
    return tuple(key)


def _shared(columns: Mapping[str, Sequence[str]], names: Iterable[str]) -> int:
    """The number of rows with the cells of an earlier one."""
    cells = list(zip(*(columns[name] for name in names), strict=True))
    return len(cells) - len(set(cells))


def _tier(name: str) -> int:
    """How well a column's name suits an item column, from 0; the number of tiers if it does not."""
    words = _plain(name).split("_")
    for number, tier in enumerate(ITEMS):
        if _plain(name) in tier:
            return number
    coded = words[-1] in ("id", "code", "nbr", "no", "number", "key") and words[0] not in PEOPLE
    return CODED if coded else len(ITEMS)


def _is_numeric(cells: Sequence[str]) -> bool:
    texts = [cell for cell in cells[:: max(1, len(cells) // 1000)] if cell.strip()]
    return bool(texts) and sum(map(is_number, texts)) >= 0.9 * len(texts)


def _has_fractions(cells: Sequence[str]) -> bool:
    return any(not cell.strip().isdigit() for cell in cells[:1000] if cell.strip())


def _counts_rows(name: str, cells: Sequence[str]) -> bool:
    """Whether it is the row number that pandas writes: without a name, or named Unnamed."""
    if _words(name) & {"column", "unnamed", "index", "row"} == set():
        return False
    numbers = [int(cell) if cell.strip().isdigit() else None for cell in cells[:1000]]
    return (
        len(numbers) > 1
        and numbers[0] in (0, 1)
        and numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    )


def _plain(name: str) -> str:
    """A name in lower case, with separators as underscores.

    >>> _plain("Units sold"), _plain("Store-ID"), _plain("StoreID")
    ('units_sold', 'store_id', 'store_id')
    """
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name)
    return re.sub(r"[^a-z0-9]+", "_", words.lower()).strip("_")


def _words(name: str) -> set[str]:
    return {_plain(name), *_plain(name).split("_")}
