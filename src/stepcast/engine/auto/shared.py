"""What every shard applies alike: learned once, on a bounded sample, kept as bytes between steps."""

import io
import json
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from stepcast.engine.arrays import Floats
from stepcast.engine.auto.budget import budget_of
from stepcast.engine.auto.ensemble.calibration import Calibration
from stepcast.engine.auto.ensemble.distribution import PanelPrior
from stepcast.engine.auto.members.ridge import Ridge
from stepcast.engine.auto.panel_fit import PanelFit, fit_panel
from stepcast.engine.auto.sampling import sample_of
from stepcast.engine.auto.series.covariates import CovariateEncoder, fit_encoder
from stepcast.engine.auto.series.history import History, histories_of
from stepcast.engine.auto.series.pooled_effects import PooledEffects
from stepcast.engine.auto.series.seasons import Seasons
from stepcast.engine.auto.series_forecast import from_end, tables_of
from stepcast.engine.auto.sources.analogues import Analogues, fit_analogues, most_items
from stepcast.engine.auto.sources.trees import Trees
from stepcast.engine.panel import Panel
from stepcast.engine.task import Task

__all__ = ["Shared", "fit_shared"]


@dataclass(frozen=True)
class Shared:
    """``final``: fitted to whole histories, to forecast with; ``backtest``: to what lies before the backtest.

    ``encoder``    how covariates are read.
    ``analogues``  items that those without history are likened to; None where there is no need to.
    """

    final: PanelFit
    backtest: PanelFit
    encoder: CovariateEncoder
    analogues: Analogues | None = None

    def similar(self, history: History) -> tuple[Floats, str]:
        """Quantiles (horizon, PROBABILITIES) for an item without history, and how they were made."""
        assert self.analogues is not None  # noqa: S101  # the caller looked
        codes = history.covariates.codes if history.covariates is not None else np.empty(0)
        table, items, importance = self.analogues.blend(codes)
        by = [name for name, counts in zip(self.encoder.attributes, importance, strict=True) if counts > 0]
        alike = f"alike by {', '.join(by)}" if by else "nothing tells which are alike"
        return table, f"no value was observed: blended from {items} other items ({alike})"

    def to_bytes(self) -> bytes:
        """All of it as one NumPy archive; no code is in it, so bytes from elsewhere are safe to read."""
        arrays: dict[str, Any] = {"encoder": np.array(json.dumps(asdict(self.encoder)))}
        if self.analogues is not None:
            arrays |= self.analogues.packed()
        for moment, panel_fit in (("final", self.final), ("backtest", self.backtest)):
            arrays |= {f"{moment}/{name}": array for name, array in _pack(panel_fit).items()}
        buffer = io.BytesIO()
        np.savez_compressed(buffer, allow_pickle=False, **arrays)
        return buffer.getvalue()

    @classmethod
    def from_bytes(cls, data: bytes) -> "Shared":
        """What ``to_bytes`` wrote."""
        with np.load(io.BytesIO(data), allow_pickle=False) as archive:
            encoder = CovariateEncoder.of(json.loads(str(archive["encoder"])))
            moments: dict[str, dict[str, Any]] = {"final": {}, "backtest": {}, "analogues": {}}
            for name in archive.files:
                moment, _, rest = name.partition("/")
                if rest:
                    moments[moment][rest] = archive[name]
        analogues = Analogues(**moments["analogues"]) if moments["analogues"] else None
        return cls(_unpack(moments["final"]), _unpack(moments["backtest"]), encoder, analogues)


def fit_shared(
    sample: Panel,
    task: Task,
    *,
    series: int | None = None,
    points: int | None = None,
) -> Shared:
    """Learn from ``sample``, all of the panel or a bounded part of it; the same sample gives the same.

    Of a large panel only some series are looked at (see sampling). Forecasts of a series depend on its own
    history and on this, never on which shard it is in.

    ``series``, ``points``  how many the whole panel has, if that is larger than the sample.
    """
    series = len(sample) if series is None else series
    points = sum(map(len, sample.values)) if points is None else points
    budget = budget_of(task, series, points)
    sample = sample_of(sample)
    encoder = fit_encoder(sample, task)
    # what is learned before the last horizon must not depend on what lies in it: it serves the backtest, too
    histories = histories_of(sample, encoder, task.horizon, reserved=task.horizon)
    back = task.window_start(task.windows)
    cut = [history.before(len(history) - back) for history in histories if len(history) > back]
    backtest = fit_panel([history for history in cut if len(history)], task.horizon, budget, task.metric)
    final = fit_panel(
        [history for history in histories if len(history)], task.horizon, budget, task.metric, backtest, back
    )
    return Shared(final, backtest, encoder, _analogues(histories, encoder, task, final))


def _analogues(
    histories: list[History], encoder: CovariateEncoder, task: Task, final: PanelFit
) -> Analogues | None:
    """What items without history can be likened to, where there may be some: evenly from the sample."""
    known = [history for history in histories if len(history)]
    if not encoder.attributes and len(known) == len(histories):
        return None
    chosen = known[:: max(1, -(-len(known) // most_items(task.horizon)))]
    codes = np.stack([h.covariates.codes if h.covariates else np.empty(0) for h in chosen] or [np.empty(0)])
    forecasts = [from_end(history, task.horizon, final) for history in chosen]
    return fit_analogues(codes, tables_of(forecasts, task.horizon, final)[..., :-1])


def _pack(panel_fit: PanelFit) -> dict[str, Any]:
    prior, calibration, trees = panel_fit.prior, panel_fit.calibration, panel_fit.trees
    facts = {
        "origins": panel_fit.origins,
        "stacked": prior.stacked,
        "logs": prior.logs,
        "seasons": [trees.seasons.short, trees.seasons.long] if trees else [],
        "omitted": panel_fit.omitted,
        "quick": panel_fit.quick,
        "metric": panel_fit.metric,
        "count_share": panel_fit.count_share,
    }
    packed: dict[str, Any] = {
        "facts": np.array(json.dumps(facts)),
        "shares": calibration.shares,
        "factors": calibration.factors,
    }
    packed |= {f"before/{name}": ridge.coefficients for name, ridge in panel_fit.before.items()}
    packed |= {f"after/{name}": ridge.coefficients for name, ridge in panel_fit.after.items()}
    packed |= {f"losses/{name}": losses for name, losses in prior.losses.items()}
    if prior.products is not None:
        packed["products"] = prior.products
    if prior.errors is not None and prior.growth is not None:
        packed |= {"errors": prior.errors, "growth": prior.growth}
    if panel_fit.pooled_effects is not None:
        packed |= panel_fit.pooled_effects.packed()
    if trees is not None:
        packed |= {f"trees/{place}": np.array(text) for place, text in enumerate(trees.boosters)}
    return packed


def _unpack(packed: dict[str, Any]) -> PanelFit:
    facts = json.loads(str(packed["facts"]))

    def under(folder: str) -> dict[str, Any]:
        return {name.removeprefix(folder): value for name, value in packed.items() if name.startswith(folder)}

    boosters = under("trees/")
    trees = None
    if boosters:
        texts = tuple(str(boosters[place]) for place in sorted(boosters, key=int))
        trees = Trees(texts, Seasons(*facts["seasons"]))
    return PanelFit(
        origins=facts["origins"],
        before={name: Ridge(coefficients) for name, coefficients in under("before/").items()},
        after={name: Ridge(coefficients) for name, coefficients in under("after/").items()},
        prior=PanelPrior(
            losses=under("losses/"),
            products=packed.get("products"),
            stacked=tuple(facts["stacked"]),
            errors=packed.get("errors"),
            growth=packed.get("growth"),
            logs=facts["logs"],
        ),
        trees=trees,
        calibration=Calibration(packed["shares"], packed["factors"]),
        omitted=facts["omitted"],
        quick=facts["quick"],
        metric=facts["metric"],
        count_share=facts["count_share"],
        pooled_effects=PooledEffects.unpacked(under("pooled_effects/")),
    )
