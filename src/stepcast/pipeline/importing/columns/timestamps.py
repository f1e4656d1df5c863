"""The timestamp column: the stated format, with an offset from UTC or without, and real dates only."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from stepcast.pipeline.importing.columns.clock import Clock, offset_of
from stepcast.pipeline.importing.columns.columns import Converted
from stepcast.pipeline.importing.columns.timestamp_formats import DAY, MOMENT, format_of
from stepcast.pipeline.importing.quoting import shown
from stepcast.pipeline.params import TimestampFormat

__all__ = ["TimestampColumn", "moment_text"]

PATTERNS = {
    DAY: re.compile(r"\d{4}-\d\d-\d\d", re.ASCII),
    MOMENT: re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", re.ASCII),
}
EXAMPLES = {DAY: "2014-01-31", MOMENT: "2014-01-31 13:00:00"}
STRFTIME = {DAY: "%Y-%m-%d", MOMENT: "%Y-%m-%d %H:%M:%S"}
YEAR_ONE = -62_135_596_800  # 0001-01-01 in seconds since 1970: Python and SQL engines know no year 0
YEAR_10_000 = 253_402_300_800
A_DAY = 86_400
ENDS_A_DAY = " 24:00:00"
WITH_OFFSET = re.compile(
    r"^\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\.0+)? ?([Zz]|UTC|[+-]\d\d(:?\d\d)?)$", re.ASCII
)
MOMENT_WIDTH = 19


def moment_text(seconds: int, stated: TimestampFormat) -> str:
    """Seconds since 1970 in the stated format.

    >>> moment_text(0, "yyyy-MM-dd")
    '1970-01-01'
    """
    moment = np.datetime64(seconds, "s").item()
    return str(moment.isoformat(" ")[: len(EXAMPLES[stated])])


class TimestampColumn:
    """Timestamps in local time, kept as text in the stated format and as seconds since 1970.

    ``convert`` raises FileProblem if ``clock`` cannot determine the local time.
    """

    rule = "V06"
    type = pa.string()

    def __init__(self, name: str, stated: TimestampFormat, clock: Clock | None = None) -> None:
        self.name = name
        self.stated = stated
        self.clock = clock or Clock()

    def accepts(self, given: pa.DataType) -> bool:
        return bool(pa.types.is_timestamp(given) or pa.types.is_date(given))

    def convert(self, cells: pa.Array) -> Converted:
        if not pa.types.is_string(cells.type):
            return self._from_moments(cells)
        if found := self._fast(cells):
            return found
        trimmed = pc.utf8_trim_whitespace(cells)
        return (
            self._fast(trimmed)
            or self._with_offsets(trimmed)
            or self._with_midnights(trimmed)
            or self._one_by_one(cells)
        )

    def explain(self, cell: str | None) -> tuple[str, str]:
        return self.explain_all([cell or ""])

    def explain_all(self, cells: Sequence[str]) -> tuple[str, str]:
        """The same for several wrong cells, which together show their format better than one."""
        texts = list(dict.fromkeys(text for cell in cells if (text := cell.strip())))
        write = f"Write {self.stated}, for example {EXAMPLES[self.stated]}"
        if not texts:
            return f"{self.name!r} is empty", write
        what = f"{self.name!r} is {shown(texts[0])}"
        if texts[0].endswith(ENDS_A_DAY) and self.stated == MOMENT:
            remedy = (
                "Write 00:00:00 of the next day, or of the same day if it stands for the day that ends then"
            )
            return f"{what}, which could mean either of two days", remedy
        if PATTERNS[self.stated].fullmatch(texts[0]):
            return f"{what}, which is not a valid date: {_impossible(texts[0])}", "Correct the date"
        what, seems = f"{what}, not {self.stated}", format_of(texts)
        if seems in PATTERNS or (seems and all(map(WITH_OFFSET.fullmatch, texts))):
            other = seems if seems in PATTERNS else MOMENT
            return what, f"{write}; or, if all rows have it, set TimestampFormat to {other!r} in params.json"
        return what, f"{write}; this looks like {seems}" if seems else write

    def _fast(self, cells: pa.Array) -> Converted | None:
        """All cells at once; None if any of them is invalid."""
        lengths = pc.min_max(pc.binary_length(cells)).as_py()
        width = len(EXAMPLES[self.stated])
        if cells.null_count or (lengths["min"], lengths["max"]) != (width, width):
            return None
        # The cast also accepts a T between day and time.
        if (
            self.stated == MOMENT
            and not pc.all(pc.equal(pc.utf8_slice_codeunits(cells, 10, 11), " ")).as_py()
        ):
            return None
        try:
            seconds = pc.cast(cells, pa.timestamp("s")).cast(pa.int64()).to_numpy()
        except pa.ArrowInvalid:
            return None
        if not len(seconds) or seconds.min() < YEAR_ONE:
            return None
        self.clock.meet(None, cells[0].as_py())
        return Converted(cells, None, seconds)

    def _with_offsets(self, cells: pa.Array) -> Converted | None:
        """All cells at once, if each has an offset from UTC; otherwise, None."""
        if self.stated != MOMENT or not len(cells):
            return None
        if not pc.all(pc.match_substring_regex(cells, WITH_OFFSET.pattern)).as_py():
            return None
        try:
            moments = pc.cast(pc.utf8_slice_codeunits(cells, 0, MOMENT_WIDTH), pa.timestamp("s"))
        except pa.ArrowInvalid:
            return None
        coded = pc.utf8_slice_codeunits(cells, MOMENT_WIDTH).dictionary_encode()
        ahead = np.array([offset_of(text) for text in coded.dictionary.to_pylist()], np.int64)
        seconds = self.clock.local(
            moments.cast(pa.int64()).to_numpy(), ahead[coded.indices.to_numpy()], cells
        )
        return self._written(seconds) if seconds.min() >= YEAR_ONE else None

    def _with_midnights(self, cells: pa.Array) -> Converted | None:
        """All cells at once, if some are 24:00; None if any of them is invalid."""
        if self.stated != MOMENT or not self.clock.midnight:
            return None
        ends = pc.ends_with(cells, ENDS_A_DAY)
        found = self._fast(pc.replace_substring(cells, ENDS_A_DAY, " 00:00:00"))
        if found is None or found.seconds is None:
            return None
        self.clock.met_midnight = True
        return self._written(found.seconds + A_DAY * ends.to_numpy(zero_copy_only=False))

    def _written(self, seconds: NDArray[np.int64]) -> Converted:
        """Moments with their text in the stated format."""
        moments = pa.array(seconds).cast(pa.timestamp("s"))
        return Converted.checked(pc.strftime(moments, STRFTIME[self.stated]), seconds >= YEAR_10_000, seconds)

    def _one_by_one(self, cells: pa.Array) -> Converted:
        coded = pc.utf8_trim_whitespace(cells.fill_null("")).dictionary_encode()
        different = coded.dictionary.to_pylist()
        read = [self._read(text) for text in different]
        known = np.array([found[0] if found else 0 for found in read], np.int64)
        plain = [place for place, found in enumerate(read) if found and found[1] is None]
        zoned = [place for place, found in enumerate(read) if found and found[1] is not None]
        if plain:
            self.clock.meet(None, different[plain[0]])
        if zoned:
            ahead = np.array([found[1] for found in read if found and found[1] is not None], np.int64)
            known[zoned] = self.clock.local(known[zoned], ahead, [different[place] for place in zoned])
        wrong = np.array([found is None for found in read], bool)
        wrong |= (known < YEAR_ONE) | (known >= YEAR_10_000)
        right = [
            None if bad else moment_text(seconds, self.stated)
            for seconds, bad in zip(known.tolist(), wrong.tolist(), strict=True)
        ]
        indices = coded.indices.to_numpy()
        texts = pa.array(right, pa.string()).take(coded.indices)
        return Converted.checked(texts, wrong[indices], known[indices])

    def _read(self, text: str) -> tuple[int, int | None] | None:
        """The seconds that a text shows, and its offset from UTC if it has one; None if it is invalid."""
        ahead, more = None, 0
        if self.stated == MOMENT:
            if WITH_OFFSET.fullmatch(text):
                ahead, text = offset_of(text[MOMENT_WIDTH:]), text[:MOMENT_WIDTH].replace("T", " ")
            if self.clock.midnight and text.endswith(ENDS_A_DAY):
                text, more = text.replace(ENDS_A_DAY, " 00:00:00"), A_DAY
        if not PATTERNS[self.stated].fullmatch(text):
            return None
        try:
            seconds = int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())
        except ValueError:
            return None
        self.clock.met_midnight |= bool(more)
        return seconds + more, ahead

    def _local(self, cells: pa.Array) -> pa.Array:
        """Zoned moments in the local time of the requested zone, or else of their own zone."""
        zone = self.clock.zone
        if zone is None:
            self.clock.meet(cells.type.tz, cells.type.tz)
        return pc.local_timestamp(cells if zone is None else cells.cast(pa.timestamp(cells.type.unit, zone)))

    def _from_moments(self, cells: pa.Array) -> Converted:
        """Typed moments of Parquet: full seconds, and midnight if the format is in days."""
        if pa.types.is_timestamp(cells.type) and cells.type.tz is not None:
            cells = self._local(cells)
        exact = cells.cast(pa.timestamp("ms")) if pa.types.is_date(cells.type) else cells
        whole = exact.cast(pa.timestamp("s"), safe=False)
        seconds: NDArray[np.int64] = whole.cast(pa.int64()).fill_null(0).to_numpy()
        fractional = pc.not_equal(whole.cast(exact.type, safe=False), exact)
        bad = pc.or_(fractional.fill_null(True), pc.is_null(cells)).to_numpy(zero_copy_only=False).copy()
        bad |= (seconds < YEAR_ONE) | (seconds >= YEAR_10_000)
        if self.stated == DAY:
            bad |= seconds % A_DAY != 0
        return Converted.checked(pc.strftime(whole, STRFTIME[self.stated]), bad, seconds)


def _impossible(text: str) -> str:
    """Why a well-formed text is not a valid moment: ``day is out of range for month``."""
    try:
        datetime.fromisoformat(text)
    except ValueError as error:
        return str(error)
    return "there is no such day"
