"""What goes wrong with files: each mutation changes one place of a good input and says which."""

import gzip
import io
import random
from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd

from tests.fuzz.good_files import Good, Row, good_inputs, text_of

__all__ = ["MUTATIONS", "Mutated", "mutate", "original"]

VALUES = (
    *("", "NaN", "nan", "-", "NA", "null", "many", "1,5", "1.234,5", "$3", "€ 4", "12.5%", "20 kWh", "(20)"),
    *(
        "−3",
        "0x10",
        "1_000",
        "١٢",
        "inf",
        "-inf",
        "1e400",
        "-1e400",
        "1e-400",
        "12345678901234567890",
        "0.1e1",
    ),
    *(
        "+7",
        ".5",
        "5.",
        " 7",
        "7 ",
        "7\t",
        "00012",
        "TRUE",
        "#DIV/0!",
        "1e5e5",
        "--4",
        '"',
        "'3",
        "3'",
        "1\n2",
    ),
)
STAMPS = (
    *("", "x", "2024-02-30", "2024-13-01", "24-01-05", "2024-1-5", "05.01.2024", "01/05/2024", "20240105"),
    *("2024-01-05T00:00:00", "2024-01-05 24:00:00", "2024-01-05 00:00:00", "2024-01-05", "2024-01-05Z"),
    *("2024-01-05 10:00:00+01:00", "0000-01-01", "9999-12-31", "10000-01-01", "1704412800", "2034-01-05"),
    *("2204-01-05 03:00:00", "3018-07-02", "1900-01-01", " 2024-01-05", "45296", "2024-W01-5", "today"),
    *("2024-01-05 10:00", "2024-01-05 1:00:00", "2024-01-05 10:00:00.5", "0001-01-01", "2023-02-29"),
)
NAMES = (
    *(
        "",
        " ",
        "DESK",
        "desk ",
        " desk",
        "ｄｅｓｋ",
        "de\x00sk",
        "line\nbreak",
        '"',
        "a,b",
        "item_id",
        "Total",
    ),
    *("x" * 5000, "\ufeffdesk", "desk\u00a0", "-", "#desk", "=1+1"),
)


@dataclass(frozen=True)
class Mutated:
    """``files`` by key. The place: ``file``, ``lines`` from 1 (None for the whole file), ``items``.

    ``told``  what must be said of it even where pandas has the same totals; empty where nothing must.
    """

    files: dict[str, bytes]
    file: str
    lines: frozenset[int] | None = None
    items: frozenset[str] = frozenset()
    told: str = ""


@dataclass(frozen=True)
class Place:
    """A row of a good input, chosen by chance."""

    good: Good
    key: str
    rows: list[Row]  # copied: to be changed
    at: int

    @property
    def row(self) -> Row:
        return self.rows[self.at]

    def changed(self, *, more: int = 0, told: str = "", everywhere: bool = False) -> Mutated:
        """The input with these rows; line ``at`` and ``more`` after it are the mutated ones."""
        good = self.good
        header = good.header + good.end if good.header else ""
        first = self.at + 1 + bool(header)
        before = good.rows[self.key]
        touched = [*before[self.at : self.at + more + 2], *self.rows[self.at : self.at + more + 2]]
        items = {row[good.item] for row in touched if len(row) > good.item}
        lines = None if everywhere else frozenset(range(first, first + more + 1))
        return self.with_bytes(
            (header + text_of(self.rows, good.end)).encode(), lines, frozenset(items), told
        )

    def with_bytes(
        self,
        content: bytes,
        lines: frozenset[int] | None = None,
        items: frozenset[str] = frozenset(),
        told: str = "",
    ) -> Mutated:
        files = {key: original(self.good, key) for key in self.good.rows}
        return Mutated({**files, self.key: content}, self.key, lines, items, told)


def original(good: Good, key: str) -> bytes:
    header = good.header + good.end if good.header else ""
    return (header + text_of(good.rows[key], good.end)).encode()


Chance = random.Random
TWICE = "rows stand there twice"


def value(place: Place, chance: Chance) -> Mutated:
    place.row[place.good.value] = chance.choice(VALUES)
    return place.changed()


def stamp(place: Place, chance: Chance) -> Mutated:
    place.row[place.good.stamp] = chance.choice(STAMPS)
    return place.changed()


def stamp_far_away(place: Place, chance: Chance) -> Mutated:
    """A year mistyped, or an open end."""
    place.row[place.good.stamp] = (
        chance.choice(["2034", "2204", "3018", "9999"]) + place.row[place.good.stamp][4:]
    )
    return place.changed(told="a stamp is years after all other rows" if place.row[place.good.value] else "")


def name(place: Place, chance: Chance) -> Mutated:
    place.row[place.good.item] = chance.choice(NAMES)
    return place.changed()


def swap_cells(place: Place, chance: Chance) -> Mutated:
    one, other = chance.sample(range(len(place.row)), 2)
    place.row[one], place.row[other] = place.row[other], place.row[one]
    return place.changed()


def drop_cell(place: Place, chance: Chance) -> Mutated:
    del place.row[chance.randrange(len(place.row))]
    return place.changed()


def add_cell(place: Place, chance: Chance) -> Mutated:
    place.row.insert(chance.randrange(len(place.row) + 1), chance.choice(["", "1", "x"]))
    return place.changed()


def row_twice(place: Place, chance: Chance) -> Mutated:
    place.rows.insert(place.at + chance.randrange(2), list(place.row))
    return place.changed(more=1, told=TWICE if place.row[place.good.value] else "")


def row_corrected(place: Place, chance: Chance) -> Mutated:
    """The same key again with another value."""
    again = list(place.row)
    again[place.good.value] = str(chance.randrange(100, 200))
    place.rows.insert(place.at + 1, again)
    return place.changed(more=1, told=TWICE if place.row[place.good.value] else "")


def row_dropped(place: Place, chance: Chance) -> Mutated:
    del chance, place.rows[place.at]
    return place.changed()


def rows_shuffled(place: Place, chance: Chance) -> Mutated:
    chance.shuffle(place.rows)
    return place.changed(everywhere=True)


def file_twice(place: Place, chance: Chance) -> Mutated:
    del chance
    body = original(place.good, place.key)
    return place.with_bytes(body + body, told=TWICE)


def overlap(place: Place, chance: Chance) -> Mutated:
    """A second export that begins before the first one ended."""
    made = place.with_bytes(original(place.good, place.key), told=TWICE)
    again = place.rows[-chance.randint(1, 10) :]
    files = {**made.files, "train/zz-more.csv": text_of(again).encode()}
    return Mutated(files, "train/zz-more.csv", told=TWICE)


def columns_swapped(place: Place, chance: Chance) -> Mutated:
    one, other = chance.sample(range(len(place.row)), 2)
    for row in place.rows:
        row[one], row[other] = row[other], row[one]
    return place.changed(everywhere=True)


def column_dropped(place: Place, chance: Chance) -> Mutated:
    at = chance.randrange(len(place.row))
    for row in place.rows:
        del row[at]
    return place.changed(everywhere=True)


def column_added(place: Place, chance: Chance) -> Mutated:
    at, number = chance.randrange(len(place.row) + 1), chance.random() < 0.5
    for line, row in enumerate(place.rows):
        row.insert(at, str(line) if number else "")
    return place.changed(everywhere=True)


def delimiter(place: Place, chance: Chance) -> Mutated:
    other = chance.choice([";", "\t", "|", ", ", " ,"])
    return place.with_bytes(original(place.good, place.key).replace(b",", other.encode()))


def delimiter_of_a_row(place: Place, chance: Chance) -> Mutated:
    place.rows[place.at] = [chance.choice([";", "\t", "|"]).join(place.row)]
    return place.changed()


def header(place: Place, chance: Chance) -> Mutated:
    names = [a["AttributeName"] for a in place.good.params["Datasets"][0]["Schema"]["Attributes"]]
    kind = chance.randrange(4)
    if kind == 1:
        chance.shuffle(names)
    elif kind == 2:
        names = [f"column {at}" for at in range(len(names))]
    elif kind == 3:
        names = [text.upper() for text in names]
    line = ",".join(names) + place.good.end
    return place.with_bytes(line.encode() + text_of(place.rows, place.good.end).encode())


def header_in_the_middle(place: Place, chance: Chance) -> Mutated:
    del chance
    names = [a["AttributeName"] for a in place.good.params["Datasets"][0]["Schema"]["Attributes"]]
    place.rows.insert(place.at, names)
    return place.changed()


def encoding(place: Place, chance: Chance) -> Mutated:
    codec = chance.choice(["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-8-sig", "latin-1", "cp1252"])
    return place.with_bytes(original(place.good, place.key).decode().encode(codec, "replace"))


def line_ends(place: Place, chance: Chance) -> Mutated:
    content = original(place.good, place.key)
    end = place.good.end.encode()
    kind = chance.randrange(5)
    if kind == 4:
        return place.with_bytes(content.rstrip())
    other = (b"\r", b"\r\n" if end == b"\n" else b"\n", end + end, b"  " + end)[kind]
    return place.with_bytes(content.replace(end, other))


def truncated(place: Place, chance: Chance) -> Mutated:
    content = original(place.good, place.key)
    cut = content[: chance.randrange(len(content) // 2, len(content))]
    last = cut.count(b"\n") + 1
    return place.with_bytes(
        cut, frozenset((last - 1, last)), frozenset(r[place.good.item] for r in place.rows)
    )


def byte(place: Place, chance: Chance) -> Mutated:
    content = bytearray(original(place.good, place.key))
    at = chance.randrange(len(content))
    kind = chance.randrange(3)
    if kind == 0:
        content[at] = chance.choice([*range(256), *b'",\n\r;'])
    elif kind == 1:
        content.insert(at, chance.choice([*range(256), *b'"",,\n\r']))
    else:
        del content[at]
    line = content[:at].count(b"\n") + 1
    near = range(line - 1, line + 2)
    texts = content.split(b"\n")[max(line - 2, 0) : line + 1]
    cells = {cell.strip('"\r') for text in texts for cell in text.decode("utf-8", "replace").split(",")}
    header = bool(place.good.header)
    cells |= {
        row[place.good.item] for row in place.good.rows[place.key][max(line - 2 - header, 0) : line + 1]
    }
    return place.with_bytes(bytes(content), frozenset(near), frozenset(cells))


def packed_and_damaged(place: Place, chance: Chance) -> Mutated:
    content = bytearray(gzip.compress(original(place.good, place.key), mtime=0))
    if chance.random() < 0.7:
        content[chance.randrange(3, len(content))] ^= 1 << chance.randrange(8)
    else:
        content = content[: chance.randrange(2, len(content))]
    return place.with_bytes(bytes(content))


def as_parquet(place: Place, chance: Chance) -> Mutated:
    """The same rows as a data frame writes them, with types and habits of its own."""
    good = place.good
    names = [a["AttributeName"] for a in good.params["Datasets"][0]["Schema"]["Attributes"]]
    frame = pd.DataFrame(place.rows, columns=names)
    item, value, stamp = names[good.item], names[good.value], "timestamp"
    frame[stamp], frame[value] = pd.to_datetime(frame[stamp]), pd.to_numeric(frame[value]).astype(float)
    match chance.randrange(9):
        case 0:
            frame[item] = frame[item].astype("category")
        case 1:
            frame = frame.astype(str)
        case 2:
            frame[stamp] = frame[stamp].dt.tz_localize("America/Chicago", ambiguous="NaT", nonexistent="NaT")
        case 3:
            frame.loc[place.at, chance.choice([item, stamp])] = None
        case 4:
            frame.loc[place.at, value] = chance.choice([float("nan"), float("inf"), 1e300])
        case 5:
            frame[stamp] += pd.Timedelta(milliseconds=chance.choice([0, 500]))
        case 6:
            frame = frame.rename(columns=str.upper)[
                [name.upper() for name in chance.sample(names, len(names))]
            ]
        case 7:
            frame = frame.set_index(item) if chance.random() < 0.5 else frame.assign(more=1)
        case _:
            frame[item] = frame[item].map(lambda name: name.encode())
    written = io.BytesIO()
    frame.to_parquet(written)
    made = place.with_bytes(b"")
    key = "train/frame.parquet"
    files = {
        key: written.getvalue(),
        **{name: body for name, body in made.files.items() if name != place.key},
    }
    return Mutated(files, key)


MUTATIONS: tuple[Callable[[Place, Chance], Mutated], ...] = (
    *(value, value, stamp, stamp, name, name, byte, byte, byte),  # what is endless is tried more often
    *(
        stamp_far_away,
        swap_cells,
        drop_cell,
        add_cell,
        row_twice,
        row_corrected,
        row_dropped,
        rows_shuffled,
        file_twice,
    ),
    *(overlap, columns_swapped, column_dropped, column_added, delimiter, delimiter_of_a_row),
    *(as_parquet, header, header_in_the_middle, encoding, line_ends, truncated, packed_and_damaged),
)


def mutate(seed: int, act: Callable[[Place, Chance], Mutated] | None = None) -> tuple[str, Good, Mutated]:
    """The mutation of a seed: its name, what it was done to, and the result; ``act`` or one by chance."""
    chance = random.Random(seed)  # noqa: S311 - the same seed, the same file
    act = act or chance.choice(MUTATIONS)
    good = chance.choice(good_inputs())
    key = chance.choice(sorted(good.rows))
    rows = [list(row) for row in good.rows[key]]
    return act.__name__, good, act(Place(good, key, rows, chance.randrange(len(rows))), chance)
