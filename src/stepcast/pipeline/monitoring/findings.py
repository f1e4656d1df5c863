"""What drifted, since when and what to do: the rows of the SQL table ``drift``."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from scipy import stats

from stepcast.engine.arrays import Floats
from stepcast.engine.calendar import stamp_of
from stepcast.engine.drift import FEWEST_OUTCOMES, KINDS, Evidence, discoveries
from stepcast.engine.frequency import Frequency
from stepcast.pipeline.csv_files import stamps
from stepcast.pipeline.forecast_files import STRFTIME
from stepcast.pipeline.params import Params
from stepcast.pipeline.tables import monitor_keys

__all__ = ["RATES", "Findings", "compare_categories", "drift_schema"]

Key = tuple[str, ...]

# Share of what is reported that may be chance.
RATES = {"low": 0.01, "medium": 0.03, "high": 0.1}
ADVICE = {
    "concept": "train again; the forecast is off since then",
    "data": "look at the source of this feature: the predictor was not trained on such values",
    "label": "train again; give what changed as a related series if it is known beforehand",
    "seasonal": "train again once two of the new seasons are there",
}
NOTICE = {
    "new_item": "none: it is forecast by items alike until it has a history",
    "vanished_item": "check its source; leave it out of the files if it is gone for good",
    "new_category": "none, unless it is a misspelling of another",
    "vanished_category": "none, unless it was renamed",
    "item_mix": "train again: the items are others than those the predictor learned from",
}


@dataclass
class Findings:
    """Evidence of all shards so far, and what is simply there to see."""

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
        """What is new or gone: an item, or a category of the whole panel."""
        names = monitor_keys(self.params)
        item = dict(zip(names, key, strict=True)) if key else {}
        shift = test == "item_mix"
        row = {"severity": "drift" if shift else "notice", "kind": "data", "test": test, "p": p}
        self._notices.append({**item, **row, "detail": detail, "advice": NOTICE[test]})

    @property
    def notices(self) -> int:
        """Items and categories that are new or gone."""
        return sum(row["severity"] == "notice" for row in self._notices)

    @property
    def mixed(self) -> bool:
        """Whether the panel has another mix of items than it had."""
        return len(self._notices) > self.notices

    @property
    def examined(self) -> int:
        """Items with enough new values."""
        return int(sum((one.outcomes >= FEWEST_OUTCOMES).sum() for one in self._evidence))

    def conclude(self, vintage: str) -> "Concluded":
        """Decide over all items and kinds together."""
        rate = RATES[self.params.monitor.sensitivity]
        nothing = np.ones((0, len(KINDS)))
        p = np.concatenate([one.p for one in self._evidence] or [nothing])
        enough = np.concatenate(
            [one.outcomes >= FEWEST_OUTCOMES for one in self._evidence] or [nothing[:, 0] > 1]
        )
        found = np.zeros(p.shape, bool)
        found[enough] = discoveries(p[enough], rate)
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
    """The table ``drift``; how many items drifted, by kind, and the clearest in words."""

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
    """Compare how many items each value of the item metadata has with what it was.

    Source: Pearson's chi-squared test of two samples, for the mix.
    """
    for attribute in sorted(before.keys() & now.keys()):
        then, here = before[attribute], now[attribute]
        for value in sorted(here.keys() - then.keys()):
            findings.notice("new_category", None, f"{attribute} {value!r}: {here[value]} items")
        for value in sorted(then.keys() - here.keys()):
            findings.notice("vanished_category", None, f"{attribute} {value!r}: {then[value]} items before")
        values = sorted(then.keys() | here.keys())
        counts = np.array([[one.get(value, 0) for value in values] for one in (then, here)], dtype=float)
        if len(values) < 2 or not counts.sum(axis=1).all():
            continue
        p = float(stats.chi2_contingency(counts, correction=False).pvalue)
        if p < RATES[findings.params.monitor.sensitivity] / len(now):
            shares: Floats = counts / counts.sum(axis=1, keepdims=True)
            most = int(np.abs(shares[1] - shares[0]).argmax())
            was, now_is = shares[:, most]
            detail = f"{attribute} {values[most]!r}: {was:.0%} of the items before, {now_is:.0%} now"
            findings.notice("item_mix", None, detail, p)


def _detail(kind: str, test: str, statistic: float) -> str:
    """The figure in words."""
    if kind == "concept":
        return {
            "page_hinkley": f"the running sum of errors moved {statistic:.1f} of its standard deviations",
            "coverage": f"{statistic:.0%} of the outcomes were outside the outer quantiles",
            "quantile_loss": f"the quantile loss is {statistic:.2f} times that of the backtest",
        }[test]
    if kind == "label":
        return {
            "level": f"the level is {'higher' if statistic > 0 else 'lower'} than before ({statistic:+.2f})",
            "scale": f"it varies {np.exp(statistic):.2f} times as much",
            "zeros": f"the share of zeros changed by {statistic:+.0%}",
        }[test]
    if kind == "data":
        what, _, feature = test.partition(" of ")
        return (
            f"{feature} moved by {statistic:+.4g}"
            if what == "level"
            else (f"{feature} varies {np.exp(statistic):.2f} times as much")
        )
    if test == "length":
        return f"the season is now {statistic:.0f} periods long"
    return f"the season is {statistic:.1f} times as far from its trained shape as it usually is"


def _largest(rows: list[dict[str, Any]], names: list[str]) -> tuple[str, ...]:
    """The five clearest items, one line each, with every kind found of it."""
    lines: dict[str, str] = {}
    for row in rows:
        label = " / ".join(row[name] for name in names)
        if label in lines or len(lines) == 5:
            continue
        lines[label] = f"{label}: {row['kind']} since {row['since']}, {row['detail']}"
    return tuple(lines.values())
