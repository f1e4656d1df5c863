"""The timestamp column: exactly the stated format, real dates only."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from stepcast.pipeline.importing.columns import Converted
from stepcast.pipeline.importing.timestamp_formats import DAY, MOMENT, format_of
from stepcast.pipeline.importing.wording import shown
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


def moment_text(seconds: int, stated: TimestampFormat) -> str:
    """Seconds since 1970 in the stated format.

    >>> moment_text(0, "yyyy-MM-dd")
    '1970-01-01'
    """
    moment = np.datetime64(seconds, "s").item()
    return str(moment.isoformat(" ")[: len(EXAMPLES[stated])])


class TimestampColumn:
    """Moments without a time zone, kept as text in the stated format and as seconds since 1970."""

    rule = "V06"
    type = pa.string()

    def __init__(self, name: str, stated: TimestampFormat) -> None:
        self.name = name
        self.stated = stated

    def accepts(self, given: pa.DataType) -> bool:
        return bool(pa.types.is_timestamp(given) or pa.types.is_date(given))

    def convert(self, cells: pa.Array) -> Converted:
        if not pa.types.is_string(cells.type):
            return self._from_moments(cells)
        return self._fast(cells) or self._fast(pc.utf8_trim_whitespace(cells)) or self._one_by_one(cells)

    def explain(self, cell: str | None) -> tuple[str, str]:
        return self.explain_all([cell or ""])

    def explain_all(self, cells: Sequence[str]) -> tuple[str, str]:
        """The same for several wrong cells: what they have in common tells more of their format than one."""
        texts = list(dict.fromkeys(text for cell in cells if (text := cell.strip())))
        write = f"Write {self.stated}, for example {EXAMPLES[self.stated]}"
        if not texts:
            return f"{self.name!r} is empty", write
        what = f"{self.name!r} is {shown(texts[0])}"
        if PATTERNS[self.stated].fullmatch(texts[0]):
            return f"{what}, which is no date: {_impossible(texts[0])}", "Correct the date"
        what, seems = f"{what}, not {self.stated}", format_of(texts)
        if seems in PATTERNS:
            return what, f"{write}; or set TimestampFormat to {seems!r} in params.json if all rows have it"
        return what, f"{write}; the format seems to be {seems}" if seems else write

    def _fast(self, cells: pa.Array) -> Converted | None:
        """All cells at once; None if one of them is not right."""
        lengths = pc.min_max(pc.binary_length(cells)).as_py()
        width = len(EXAMPLES[self.stated])
        if cells.null_count or (lengths["min"], lengths["max"]) != (width, width):
            return None
        # The cast also takes a T between day and time.
        if (
            self.stated == MOMENT
            and not pc.all(pc.equal(pc.utf8_slice_codeunits(cells, 10, 11), " ")).as_py()
        ):
            return None
        try:
            seconds = pc.cast(cells, pa.timestamp("s")).cast(pa.int64()).to_numpy()
        except pa.ArrowInvalid:
            return None
        return Converted(cells, None, seconds) if seconds.min() >= YEAR_ONE else None

    def _one_by_one(self, cells: pa.Array) -> Converted:
        coded = pc.utf8_trim_whitespace(cells.fill_null("")).dictionary_encode()
        different = coded.dictionary.to_pylist()
        moments = [self._seconds(text) for text in different]
        right = [
            text if moment is not None else None for text, moment in zip(different, moments, strict=True)
        ]
        known = np.array([moment or 0 for moment in moments], np.int64)
        wrong = np.array([moment is None for moment in moments], bool)
        indices = coded.indices.to_numpy()
        texts = pa.array(right, pa.string()).take(coded.indices)
        return Converted.checked(texts, wrong[indices], known[indices])

    def _seconds(self, text: str) -> int | None:
        if not PATTERNS[self.stated].fullmatch(text):
            return None
        try:
            return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())
        except ValueError:
            return None

    def _from_moments(self, cells: pa.Array) -> Converted:
        """Typed moments of Parquet, without a zone: whole seconds, and midnight where the format is days."""
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
    """Why a text of the right form is no moment: ``day is out of range for month``."""
    try:
        datetime.fromisoformat(text)
    except ValueError as error:
        return str(error)
    return "there is no such day"
