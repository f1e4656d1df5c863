"""What drifted, since when and what to do: the rows of the SQL table ``drift``."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from scipy import special

from stepcast.engine.arrays import Floats
from stepcast.engine.calendar import stamp_of
from stepcast.engine.drift import FEWEST_OUTCOMES, KINDS, Evidence, drifts
from stepcast.engine.frequency import Frequency
from stepcast.pipeline.csv_files import stamps
from stepcast.pipeline.forecast_files import STRFTIME
from stepcast.pipeline.params import Params
from stepcast.pipeline.tables import monitor_keys

__all__ = ["RATES", "Findings", "compare_categories", "drift_schema"]

Key = tuple[str, ...]

# False discovery rate: the expected share of reported items that are due to chance.
RATES = {"low": 0.01, "medium": 0.05, "high": 0.1}
# Share of items that must have changed category: with many items, the smallest change is significant.
LEAST_MIX = 0.05
ADVICE = {
    "concept": "train again: forecasts have been less accurate since then",
    "data": "check the source of this feature: the predictor was not trained on such values",
    "label": "train again; if such a change is known in advance, add it as a related series",
    "seasonal": "train again once two new seasons have been observed",
}
NOTICE = {
    "new_item": "none: it is forecast from similar items until it has enough history",
    "vanished_item": "check its source; if it is discontinued, remove it from the files",
    "new_category": "none, unless it is a misspelling of another value",
    "vanished_category": "none, unless it was renamed",
    "item_mix": "train again: the predictor learned from a different mix of items",
}


@dataclass
class Findings:
    """Evidence from all shards so far, and notices of items and categories that appeared or vanished."""

    params: Params
    frequency: Frequency
    first: int  # the first new period

    def __post_init__(self) -> None:
        self.keys: list[Key] = []
        self._evidence: list[Evidence] = []
        self._notices: list[dict[str, Any]] = []

    def add(self, keys: Sequence[Key], evidence: Evidence) -> None:
        self.keys += keys
        self._evidence.append(evidence)

    def notice(self, test: str, key: Key | None, detail: str, p: float | None = None) -> None:
        """Add a row about an item or, without ``key``, about all items together."""
        names = monitor_keys(self.params)
        item = dict(zip(names, key, strict=True)) if key else {}
        shift = test == "item_mix"
        row = {"severity": "drift" if shift else "notice", "kind": "data", "test": test, "p": p}
        self._notices.append({**item, **row, "detail": detail, "advice": NOTICE[test]})

    @property
    def notices(self) -> int:
        """How many items and categories appeared or disappeared."""
        return sum(row["severity"] == "notice" for row in self._notices)

    @property
    def mixed(self) -> bool:
        """Whether the mix of items differs from that of the baseline."""
        return len(self._notices) > self.notices

    @property
    def examined(self) -> int:
        """Items with enough new values."""
        return int(sum((one.outcomes >= FEWEST_OUTCOMES).sum() for one in self._evidence))

    def conclude(self, vintage: str) -> "Concluded":
        """Decide what to report, over all items and kinds together; call it once all shards are added."""
        rate = RATES[self.params.monitor.sensitivity]
        nothing = np.ones((0, len(KINDS)))
        p = np.concatenate([one.p for one in self._evidence] or [nothing])
        enough = np.concatenate(
            [one.outcomes >= FEWEST_OUTCOMES for one in self._evidence] or [nothing[:, 0] > 1]
        )
        found = np.zeros(p.shape, bool)
        found[enough] = drifts(p[enough], rate)
        rows, begin = [], 0
        for evidence in self._evidence:
            here = found[begin : begin + len(evidence.p)]
            for item, kind in zip(*np.nonzero(here), strict=True):
                rows.append(self._row(self.keys[begin + item], evidence, int(item), int(kind)))
            begin += len(evidence.p)
        rows.sort(key=lambda row: (row["p"], row["kind"]))
        table = [{**row, "vintage": vintage} for row in [*rows, *self._notices]]
        return Concluded(
            table=pa.Table.from_pylist(table, schema=drift_schema(self.params)),
            items=int(found.any(axis=1).sum()),
            kinds={kind: int(found[:, number].sum()) for number, kind in enumerate(KINDS)},
            largest=_largest(rows, monitor_keys(self.params)),
        )

    def _row(self, key: Key, evidence: Evidence, item: int, kind: int) -> dict[str, Any]:
        names = monitor_keys(self.params)
        test, statistic = str(evidence.test[item, kind]), float(evidence.statistic[item, kind])
        return {
            **dict(zip(names, key, strict=True)),
            "severity": "drift",
            "kind": KINDS[kind],
            "test": test,
            "statistic": statistic if np.isfinite(statistic) else None,
            "p": float(evidence.p[item, kind]),
            "since": self._stamp(self.first + int(evidence.since[item, kind])),
            "outcomes": int(evidence.outcomes[item]),
            "detail": _detail(KINDS[kind], test, statistic),
            "advice": ADVICE[KINDS[kind]],
        }

    def _stamp(self, period: int) -> str:
        pattern = STRFTIME[self.params.timestamp_format]
        return str(stamps(stamp_of(np.array([period]), self.frequency), pattern)[0].as_py())


@dataclass(frozen=True)
class Concluded:
    """The table ``drift``; the number of drifted items, also by kind; and the clearest cases in words."""

    table: pa.Table
    items: int
    kinds: dict[str, int]
    largest: tuple[str, ...]


def drift_schema(params: Params) -> pa.Schema:
    """Columns of the SQL table ``drift``."""
    text, number = pa.string(), pa.float64()
    keys = [(name, text) for name in monitor_keys(params)]
    what = [("severity", text), ("kind", text), ("test", text), ("statistic", number), ("p", number)]
    return pa.schema(
        [
            *keys,
            *what,
            ("since", text),
            ("outcomes", pa.int64()),
            ("detail", text),
            ("advice", text),
            ("vintage", text),
        ]
    )


def compare_categories(
    findings: Findings, before: dict[str, dict[str, int]], now: dict[str, dict[str, int]]
) -> None:
    """Compare the number of items with each value of the item metadata with that of the baseline.

    The mix has changed if the difference is significant (Pearson's chi-squared test of two samples, with a
    Bonferroni correction for the number of attributes) and at least LEAST_MIX of the items would have to
    change their value to restore the earlier shares.
    """
    for attribute in sorted(before.keys() & now.keys()):
        then, here = before[attribute], now[attribute]
        for value in sorted(here.keys() - then.keys()):
            findings.notice("new_category", None, f"{attribute} {value!r}: {_items(here[value])}")
        for value in sorted(then.keys() - here.keys()):
            findings.notice("vanished_category", None, f"{attribute} {value!r}: {_items(then[value])} before")
        values = sorted(then.keys() | here.keys())
        counts = np.array([[one.get(value, 0) for value in values] for one in (then, here)], dtype=float)
        if len(values) < 2 or not counts.sum(axis=1).all():
            continue
        p = _independence_p(counts)
        shares: Floats = counts / counts.sum(axis=1, keepdims=True)
        apart = np.abs(shares[1] - shares[0])
        if p < RATES[findings.params.monitor.sensitivity] / len(now) and apart.sum() / 2 >= LEAST_MIX:
            most = int(apart.argmax())
            was, now_is = shares[:, most]
            detail = f"{attribute} {values[most]!r}: {was:.0%} of the items before, {now_is:.0%} now"
            findings.notice("item_mix", None, detail, p)


def _items(count: int) -> str:
    return "1 item" if count == 1 else f"{count:,} items"


def _detail(kind: str, test: str, statistic: float) -> str:
    """The statistic in words."""
    what, _, feature = test.partition(" of ")
    if kind == "concept":
        if what == "effect":
            return (
                f"the effect of {feature} on the target changed by {statistic:+.3g} per unit of {feature} "
                "(if the target is positive: of its logarithm)"
            )
        return {
            "page_hinkley": f"errors added up to {statistic:.1f} standard deviations in one direction",
            "coverage": f"{statistic:.0%} of the values fell outside the outer quantiles",
            "quantile_loss": f"relative to the level, the loss is {statistic:.2f} times that of the backtest",
        }[test]
    if kind == "label":
        return {
            "level": f"the level is {'higher' if statistic > 0 else 'lower'} than before ({statistic:+.2f})",
            "scale": f"it varies {np.exp(statistic):.2f} times as much",
            "zeros": f"the share of zeros changed by {statistic:+.0%}",
        }[test]
    if kind == "data":
        return (
            f"{feature} moved by {statistic:+.4g}"
            if what == "level"
            else (f"{feature} varies {np.exp(statistic):.2f} times as much")
        )
    if test == "strength":
        return f"{statistic:.0%} of the trained season is left: 100% is no change, below 0% it is reversed"
    if test == "length":
        return f"the season is now {statistic:.0f} periods long"
    return f"the season differs {statistic:.1f} times as much from its trained shape as it usually does"


def _largest(rows: list[dict[str, Any]], names: list[str]) -> tuple[str, ...]:
    """The five items with the smallest p-values, one line each, with the first kind found."""
    lines: dict[str, str] = {}
    for row in rows:
        label = " / ".join(row[name] for name in names)
        if label in lines or len(lines) == 5:
            continue
        lines[label] = f"{label}: {row['kind']} since {row['since']}, {row['detail']}"
    return tuple(lines.values())


def _independence_p(counts: Floats) -> float:
    """Pearson's chi-squared test of whether rows and columns of a table of counts are independent."""
    rows, columns = counts.sum(axis=1, keepdims=True), counts.sum(axis=0)
    expected = rows * columns / columns.sum()
    freedom = (counts.shape[0] - 1) * (counts.shape[1] - 1)
    return float(special.chdtrc(freedom, ((counts - expected) ** 2 / expected).sum()))
