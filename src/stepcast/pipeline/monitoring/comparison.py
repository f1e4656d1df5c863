"""One pass over the shards: realised accuracy, evidence of drift, evaluations of complete horizons."""

import numpy as np
import pyarrow as pa

from stepcast.engine.accuracy import Sums
from stepcast.engine.calendar import stamp_of
from stepcast.engine.drift import FEWEST_OUTCOMES, examine
from stepcast.engine.frequency import Frequency
from stepcast.pipeline.csv_files import stamps
from stepcast.pipeline.forecast_files import STRFTIME
from stepcast.pipeline.monitoring.evaluations import Evaluation
from stepcast.pipeline.monitoring.findings import Concluded, Findings
from stepcast.pipeline.monitoring.past import Span
from stepcast.pipeline.monitoring.realised import Realised, backtest_sums, realised_sums
from stepcast.pipeline.monitoring.summary import Summary
from stepcast.pipeline.monitoring.watch import (
    Forecasts,
    ShardForecasts,
    actual_of,
    quantiles_of,
    watched_blocks,
)
from stepcast.pipeline.params import Params
from stepcast.pipeline.shards import Shard

__all__ = ["Comparison"]


class Comparison:
    """Compares actual values in ``span`` with forecasts; shards are added in the order of their keys."""

    def __init__(self, params: Params, span: Span, forecasts: Forecasts, frequency: Frequency) -> None:
        self.params, self.span, self.forecasts, self.frequency = params, span, forecasts, frequency
        self.findings = Findings(params, frequency, span.first)
        nothing = Sums.nothing(forecasts.engine_outputs)
        self.backtest, self.realised = nothing, nothing
        self._horizons = [nothing] * len(span.pasts)

    def add(self, shard: Shard, vintage: str) -> pa.Table:
        """The shard's rows of the table ``monitor``."""
        found, outputs = self.forecasts.take(shard.keys), self.forecasts.outputs
        longest = max(past.manifest.horizon for past in self.span.pasts)
        leads = Realised(len(shard.keys), longest, outputs)
        for place, (past, values) in enumerate(zip(self.span.pasts, found.values, strict=True)):
            last = min(past.start + past.manifest.horizon - 1, self.span.last)
            actual = actual_of(shard.panel, past.start, last)
            leads.add(actual, values[:, : actual.shape[1]])
            sums = realised_sums(shard.panel, past, actual, values, outputs)
            self._horizons[place] += sums
            if place == 0:
                self.realised += sums
        self.backtest += backtest_sums(shard.panel, self.span.baseline, found, outputs)
        if self.span.new >= FEWEST_OUTCOMES:
            begin = 0
            for block in watched_blocks(shard.panel, found, self.span, outputs):
                self.findings.add(shard.keys[begin : begin + len(block.values)], examine(block))
                begin += len(block.values)
        self._notice_items(shard, found)
        return leads.table(shard.keys, self.params, vintage)

    def evaluations(self) -> list[Evaluation]:
        """One for every forecast whose whole horizon has passed, oldest first."""
        return [
            Evaluation(past, sums)
            for past, sums in zip(self.span.pasts, self._horizons, strict=True)
            if past.start + past.manifest.horizon - 1 <= self.span.last
        ]

    def conclude(self, vintage: str) -> tuple[Summary, Concluded]:
        """The summary and the table ``drift``; call it once all shards are added."""
        for key in self.forecasts.vanished():
            self.findings.notice("vanished_item", key, "it was forecast, but no file contains it any more")
        concluded = self.findings.conclude(vintage)
        few = self.span.new < FEWEST_OUTCOMES
        came = "1 period has" if self.span.new == 1 else f"{self.span.new} periods have"
        quantiles = quantiles_of(self.forecasts.outputs)
        summary = Summary(
            state="too_few" if few else "compared",
            message=f"{came} passed since the oldest forecast; {FEWEST_OUTCOMES} are needed to find drift."
            if few
            else "",
            vintage=self.span.baseline.manifest.vintage,
            predictor=self.span.baseline.manifest.predictor,
            first=self._stamp(self.span.first),
            last=self._stamp(self.span.last),
            outcomes=self.span.new,
            items=self.findings.examined,
            drifted=concluded.items,
            kinds=concluded.kinds,
            largest=concluded.largest,
            coverage=_finite(self.realised.coverage),
            promised=quantiles[-1] - quantiles[0] if len(quantiles) > 1 else None,
            wql=_finite(self.realised.average_wql),
            wql_backtest=_finite(self.backtest.average_wql),
            notices=self.findings.notices,
            mixed=self.findings.mixed,
        )
        return summary, concluded

    def _notice_items(self, shard: Shard, found: ShardForecasts) -> None:
        """Items that no forecast included, and items without new values."""
        new = actual_of(shard.panel, self.span.first, self.span.last)
        heard = np.isfinite(new).any(axis=1)
        for key, known, spoke in zip(shard.keys, found.known, np.atleast_1d(heard), strict=True):
            if not known:
                self.findings.notice("new_item", key, "no earlier forecast includes it")
            elif not spoke and self.span.new >= FEWEST_OUTCOMES:
                self.findings.notice("vanished_item", key, f"no value in the last {self.span.new} periods")

    def _stamp(self, period: int) -> str:
        pattern = STRFTIME[self.params.timestamp_format]
        return str(stamps(stamp_of(np.array([period]), self.frequency), pattern)[0].as_py())


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
