"""The API of the forecasts: the list of items, and one of them."""

import csv
import io
import logging
import re
import threading
import time
from contextlib import suppress
from typing import Any

import numpy as np
import pyarrow.compute as pc
from numpy.typing import NDArray

from stepcast.console.answers import Answer, Refusal, json_answer, number, text_answer
from stepcast.console.kept import Kept
from stepcast.console.requests import Request
from stepcast.console.series_data import SeriesReader, by_lead, finite_or_none
from stepcast.console.stack import Stack
from stepcast.console.vintage_index import (
    Floats,
    Key,
    VintageIndex,
    central,
    changes,
    outputs_of,
    read_index,
)
from stepcast.pipeline import layout, vintages
from stepcast.pipeline.errors import ResourceNotFoundException
from stepcast.pipeline.vintages import Manifest

__all__ = ["Forecasts"]

log = logging.getLogger(__name__)

INDEXES_KEPT = 4
MOST_ITEMS = 500  # of one answer
LOOK_SECONDS = 1.0  # how long the answer to "which vintage is the current one" is good for
SORTS = ("item", "volume", "error", "ratio", "coverage", "change")
NO_ITEMS: dict[str, Any] = {
    "vintage": None,
    "previous": None,
    "comparing": False,
    "key_names": [],
    "total": 0,
    "found": 0,
    "offset": 0,
    "items": [],
}
NO_FORECAST = "there is no forecast yet: upload params.json and train/*.csv to s3://{bucket}/"


class Forecasts:
    """Of one stack. An index of a vintage is made when it is first asked for, and kept."""

    def __init__(self, stack: Stack) -> None:
        self._stack, self._s3, self._bucket = stack, stack.s3, stack.bucket
        self._indexes = Kept[str, VintageIndex](INDEXES_KEPT)
        self._changes = Kept[tuple[str, str], Floats](INDEXES_KEPT)
        self._orders = Kept[tuple[str, str, str], NDArray[np.int64]](4 * len(SORTS))
        self.reader = SeriesReader(stack.s3, stack.bucket)
        self._current: tuple[float, Manifest | None] = (float("-inf"), None)
        self._reading: set[str] = set()  # vintages that a thread reads
        self._lock = threading.Lock()

    def prepare(self) -> None:
        """Read what the list needs, before it is asked for."""
        if self._manifest() is not None:
            self._order(self.index(""), None, "volume", "down")

    def items(self, request: Request) -> Answer:
        """A page of the items that a search finds, in some order."""
        sort = request.choice("sort", SORTS, "volume")
        if self._manifest() is None:
            return json_answer(NO_ITEMS)
        index = self.index(request.text("vintage"))
        previous, comparing = self._comparable(index, wait=sort == "change")
        direction = request.choice("direction", ("up", "down"), "up" if sort == "item" else "down")
        offset, limit = request.whole("offset", 0, 10**9), request.whole("limit", 100, MOST_ITEMS)
        order = self._order(index, previous, sort, direction)
        words = request.text("search").split()
        if words:
            order = order[index.found(words)[order]]
        change = self._change(index, previous)
        return json_answer(
            {
                "vintage": index.manifest.vintage,
                "previous": previous,
                "comparing": comparing,
                "key_names": index.key_names,
                "total": len(index),
                "found": len(order),
                "offset": offset,
                "items": [_row(index, int(place), change) for place in order[offset : offset + limit]],
            }
        )

    def series(self, request: Request) -> Answer:
        """Everything about one series that its page shows."""
        index = self.index(request.text("vintage"))
        place = self._place(index, request.key())
        manifest = index.manifest
        moments, outputs = self.reader.forecast(index, place)
        history = self.reader.history(index, place)
        windows = self.reader.windows(index, place)
        previous, _ = self._comparable(index, wait=True)
        row = self.reader.why(index, place)
        known = set(index.key_names) | {"scope"}
        return json_answer(
            {
                "vintage": manifest.vintage,
                "key_names": index.key_names,
                "key": index.key(place),
                "frequency": manifest.frequency,
                "target": next(name for name, kind in manifest.clean_columns.items() if kind == "double"),
                "outputs": outputs_of(manifest),
                "central": central(manifest),
                "summary": _row(index, place, self._change(index, previous)),
                "why": {name: _plain(value) for name, value in row.items() if name not in known},
                "history": None
                if history is None
                else {
                    "t": history[0].tolist(),
                    "v": finite_or_none(history[1]),
                    "filled": np.flatnonzero(~history[2] & np.isfinite(history[1])).tolist(),
                },
                "related": self.reader.related(index, place),
                "forecast": {
                    "t": moments.tolist(),
                    "outputs": {name: finite_or_none(values) for name, values in outputs.items()},
                },
                "windows": [
                    {
                        "t": window.moments.tolist(),
                        "actual": finite_or_none(window.actual),
                        "outputs": {name: finite_or_none(values) for name, values in window.outputs.items()},
                    }
                    for window in windows
                ],
                "by_lead": by_lead(index, windows) if windows else [],
                "earlier": list(reversed(vintages.names(self._s3, self._bucket, layout.HISTORY))),
            }
        )

    def earlier(self, request: Request) -> Answer:
        """What an earlier vintage forecast for the series; 404 if it did not know it."""
        index = self.index(request.text("vintage"))
        moments, outputs = self.reader.forecast(index, self._place(index, request.key()))
        return json_answer(
            {
                "vintage": index.manifest.vintage,
                "central": central(index.manifest),
                "t": moments.tolist(),
                "outputs": {name: finite_or_none(values) for name, values in outputs.items()},
            }
        )

    def series_csv(self, request: Request) -> Answer:
        """History and forecast of a series as a CSV file."""
        index = self.index(request.text("vintage"))
        place = self._place(index, request.key())
        outputs = outputs_of(index.manifest)
        sink = io.StringIO(newline="")
        writer = csv.writer(sink, lineterminator="\n")
        writer.writerow([*index.key_names, "timestamp", "observed", *outputs])
        key = [_cell(part) for part in index.key(place)]
        if history := self.reader.history(index, place):
            for when, value, seen in zip(_texts(history[0]), history[1].tolist(), history[2], strict=True):
                writer.writerow([*key, when, value if seen else "", *[""] * len(outputs)])
        moments, forecast = self.reader.forecast(index, place)
        columns = [forecast[name].tolist() for name in outputs]
        for when, *values in zip(_texts(moments), *columns, strict=True):
            writer.writerow([*key, when, "", *values])
        name = re.sub(r"[^A-Za-z0-9]+", "-", "-".join(index.key(place))).strip("-")[:80] or "series"
        return text_answer([sink.getvalue()], "text/csv", f"{name}-{index.manifest.vintage}.csv")

    def _manifest(self) -> Manifest | None:
        """That of the current vintage."""
        with self._lock:
            looked, manifest = self._current
            if time.monotonic() - looked > LOOK_SECONDS:
                manifest = vintages.current(self._s3, self._bucket)
                self._current = (time.monotonic(), manifest)
            return manifest

    def index(self, vintage: str) -> VintageIndex:
        """That of ``vintage``, or of the current one if it is empty; Refusal if there is none."""
        if vintage and not re.match(layout.VINTAGE, vintage):
            raise Refusal(400, f"{vintage!r} is not a vintage, such as 2026-01-02T03-04-05Z-1f8a90c2")
        current = self._manifest()
        if not vintage and current is None:
            raise Refusal(404, NO_FORECAST.format(bucket=self._bucket))
        name = vintage or (current.vintage if current else "")
        return self._indexes.get(name, lambda: self._read(name))

    def _read(self, vintage: str) -> VintageIndex:
        """The index; a vintage that is being moved is complete in at least one of two places."""
        found = None
        for root in (layout.FORECAST, layout.HISTORY):
            manifest = vintages.read(self._s3, self._bucket, vintage, root)
            with suppress(ResourceNotFoundException):
                if manifest is not None:
                    found = read_index(self._s3, self._bucket, root, manifest)
                    if len(found) == manifest.items:
                        return found
        if found is None:
            raise Refusal(404, f"there is no vintage {vintage}")
        return found

    def _comparable(self, index: VintageIndex, wait: bool) -> tuple[str | None, bool]:
        """The vintage before, and whether it is still being read.

        Who does not ``wait`` gets None until it has been read, in a thread of its own.
        """
        earlier = vintages.names(self._s3, self._bucket, layout.HISTORY)
        previous = max((name for name in earlier if name < index.manifest.vintage), default=None)
        if previous is None or wait or self._indexes.has(previous):
            return previous, False
        with self._lock:
            if previous not in self._reading:
                self._reading.add(previous)
                threading.Thread(target=self._read_aside, args=(previous,), daemon=True).start()
        return None, True

    def _read_aside(self, vintage: str) -> None:
        try:
            self.index(vintage)
        except Exception:  # in a thread of its own: the list then shows no change, and the log says why
            log.warning("vintage %s cannot be compared with", vintage, exc_info=True)
        finally:
            with self._lock:
                self._reading.discard(vintage)

    def _change(self, index: VintageIndex, previous: str | None) -> Floats:
        if previous is None:
            return np.full(len(index), np.nan)
        before = self.index(previous)
        return self._changes.get((index.manifest.vintage, previous), lambda: changes(index, before))

    def _order(
        self, index: VintageIndex, previous: str | None, sort: str, direction: str
    ) -> NDArray[np.int64]:
        """The series in that order; those without a value come last."""

        def sorted_places() -> NDArray[np.int64]:
            if sort == "item":
                places: NDArray[np.int64] = pc.sort_indices(index.names).to_numpy().astype(np.int64)
                return places if direction == "up" else places[::-1]
            values = {
                "volume": index.volume,
                "error": index.figures["wql"],
                "ratio": index.ratio,
                "coverage": index.figures["coverage"],
                "change": self._change(index, previous),
            }[sort]
            return np.argsort(values if direction == "up" else -values, kind="stable")

        return self._orders.get((f"{index.manifest.vintage} {previous}", sort, direction), sorted_places)

    def _place(self, index: VintageIndex, key: Key) -> int:
        place = index.places.get(key)
        if place is None:
            raise Refusal(404, f"vintage {index.manifest.vintage} has no series {' / '.join(key)!r}")
        return place


def _row(index: VintageIndex, place: int, change: Floats) -> dict[str, Any]:
    return {
        "key": index.key(place),
        "volume": number(index.volume[place]),
        "error": number(index.figures["wql"][place]),
        "ratio": number(index.ratio[place]),
        "coverage": number(index.figures["coverage"][place]),
        "change": number(change[place]),
        "note": bool(index.noted[place]),
    }


def _plain(value: object) -> object:
    return number(value) if isinstance(value, float) else value


def _texts(moments: NDArray[np.int64]) -> list[str]:
    return [str(text) for text in moments.astype("datetime64[s]")]


def _cell(text: str) -> str:
    """A name that a spreadsheet does not take for a formula."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text
