"""Metrics from the reports of all workers of a command."""

import json
from threading import Lock

from stepcast.connect.kafka.worker.report import PartitionReport, WorkerReport
from stepcast.connect.kafka.worker.timing import BOUNDS, Histogram

__all__ = ["Metrics"]

Samples = list[tuple[dict[str, str], float]]

DROPPED = ("late", "future", "missing", "unreadable")


class Metrics:
    """Collects reports; Prometheus scrapes ``page``."""

    def __init__(self, group: str) -> None:
        self._group, self._lock = group, Lock()
        self._latest: dict[str, WorkerReport] = {}
        self._before = {"committed": 0, "aborted": 0}  # of ended processes
        self._times_before, self.restarts = Histogram(), 0

    def hear(self, member: str, report: WorkerReport | None) -> None:
        """Take a member's newest report; None: it has died."""
        if report is None:
            self._died(member)
            return
        with self._lock:
            last = self._latest.get(member)
            if last is not None and last.committed + last.aborted > report.committed + report.aborted:
                self._retire(last)
            self._latest[member] = report

    def _died(self, member: str) -> None:
        with self._lock:
            self.restarts += 1
            if (last := self._latest.pop(member, None)) is not None:
                self._retire(last)

    def _retire(self, last: WorkerReport) -> None:
        self._before["committed"] += last.committed
        self._before["aborted"] += last.aborted
        self._times_before += Histogram(last.histogram, last.seconds)

    @property
    def partitions(self) -> dict[int, PartitionReport]:
        """The partitions that workers of this command own."""
        with self._lock:
            return {
                n: one for report in self._latest.values() for n, one in sorted(report.partitions.items())
            }

    def page(self) -> str:
        """The metrics in Prometheus's text format."""
        partitions = self.partitions
        with self._lock:
            latest, before, times = list(self._latest.values()), dict(self._before), self._times_before
            restarts = self.restarts
        for one in latest:
            times = times + Histogram(one.histogram, one.seconds)
        by = [({"partition": str(number)}, one) for number, one in partitions.items()]
        dropped = [({**labels, "reason": why}, one, why) for labels, one in by for why in DROPPED]
        outcomes = {
            "committed": before["committed"] + sum(one.committed for one in latest),
            "aborted": before["aborted"] + sum(one.aborted for one in latest),
        }
        predictors = sorted({one.predictor for one in latest})
        families: list[tuple[str, str, str, Samples]] = [
            (
                "lag",
                "gauge",
                "Messages that are not committed yet.",
                [(labels, one.lag) for labels, one in by if one.lag is not None],
            ),
            (
                "observations_total",
                "counter",
                "Observations that were added to a period.",
                [(labels, one.counts.observations) for labels, one in by],
            ),
            (
                "dropped_total",
                "counter",
                "Messages that were dropped, by reason.",
                [(labels, getattr(one.counts, why)) for labels, one, why in dropped],
            ),
            (
                "doubled_total",
                "counter",
                "Observations with the same time as an earlier one.",
                [(labels, one.counts.doubled) for labels, one in by],
            ),
            (
                "forecasts_total",
                "counter",
                "Forecasts that were written.",
                [(labels, one.counts.forecasts) for labels, one in by],
            ),
            ("items", "gauge", "Items with a closed period.", [(labels, one.items) for labels, one in by]),
            (
                "drifting_items",
                "gauge",
                "Items that have changed since the predictor was trained.",
                [(labels, one.drifting) for labels, one in by],
            ),
            (
                "watermark_seconds",
                "gauge",
                "The latest observation time, in seconds since 1970.",
                [(labels, one.watermark / 1000) for labels, one in by],
            ),
            (
                "transactions_total",
                "counter",
                "Transactions by outcome.",
                [({"outcome": outcome}, count) for outcome, count in outcomes.items()],
            ),
            (
                "worker_restarts_total",
                "counter",
                "Workers that died and were restarted.",
                [({}, restarts)],
            ),
            (
                "predictor_info",
                "gauge",
                "The predictors in use.",
                [({"predictor": name}, 1) for name in predictors],
            ),
        ]
        lines = []
        for name, kind, meaning, samples in families:
            lines += self._head(name, kind, meaning)
            lines += [self._line(name, labels, value) for labels, value in samples]
        return "\n".join([*lines, *self._histogram(times)]) + "\n"

    def _histogram(self, times: Histogram) -> list[str]:
        name, count = "transaction_seconds", 0
        lines = self._head(name, "histogram", "Duration of committed transactions.")
        for bound, more in zip([*map(str, BOUNDS), "+Inf"], times.counts, strict=True):
            count += more
            lines.append(self._line(f"{name}_bucket", {"le": bound}, count))
        return [
            *lines,
            self._line(f"{name}_sum", {}, times.total),
            self._line(f"{name}_count", {}, count),
        ]

    def _head(self, name: str, kind: str, meaning: str) -> list[str]:
        return [f"# HELP stepcast_stream_{name} {meaning}", f"# TYPE stepcast_stream_{name} {kind}"]

    def _line(self, name: str, labels: dict[str, str], value: float) -> str:
        # json.dumps escapes as the format requires, except that non-ASCII characters stay as they are.
        given = {"group": self._group, **labels}
        text = ",".join(f"{key}={json.dumps(label, ensure_ascii=False)}" for key, label in given.items())
        return f"stepcast_stream_{name}{{{text}}} {value}"
