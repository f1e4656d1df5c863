"""What every shard applies alike: learned once, on a bounded sample, kept as bytes between steps."""

import io
import json
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stepcast.engine.auto.budget import effort_of
from stepcast.engine.auto.ensemble.calibration import Calibration
from stepcast.engine.auto.ensemble.distribution import Experience
from stepcast.engine.auto.members.ridge import Ridge
from stepcast.engine.auto.panel_fit import Lessons, learn
from stepcast.engine.auto.sampling import sample_of
from stepcast.engine.auto.series.covariates import Reading, reading_of
from stepcast.engine.auto.series.history import History, histories_of
from stepcast.engine.auto.series.seasons import Seasons
from stepcast.engine.auto.series_forecast import from_end, tables_of
from stepcast.engine.auto.sources.analogues import Kin, kin_of, most_items
from stepcast.engine.auto.sources.trees import Trees
from stepcast.engine.auto.transforms.covariate_effects import Pool
from stepcast.engine.panel import Panel
from stepcast.engine.task import Task

__all__ = ["Shared", "fit_shared"]


Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Shared:
    """``now``: lessons of whole histories, to forecast with; ``then``: of what lies before the backtest.

    ``reading``  how what is known besides the values is read.
    ``kin``      items that those without history are likened to; None where there is no need to.
    """

    now: Lessons
    then: Lessons
    reading: Reading
    kin: Kin | None = None

    def similar(self, history: History) -> tuple[Floats, str]:
        """Quantiles (horizon, PROBABILITIES) for an item without history, and how they were made."""
        assert self.kin is not None  # noqa: S101  # the caller looked
        codes = history.context.codes if history.context is not None else np.empty(0)
        table, items, worth = self.kin.blend(codes)
        by = [name for name, counts in zip(self.reading.attributes, worth, strict=True) if counts > 0]
        alike = f"alike by {', '.join(by)}" if by else "nothing tells which are alike"
        return table, f"no value was observed: blended from {items} other items ({alike})"

    def to_bytes(self) -> bytes:
        """All of it as one NumPy archive; no code is in it, so bytes from elsewhere are safe to read."""
        arrays: dict[str, Any] = {"reading": np.array(json.dumps(asdict(self.reading)))}
        if self.kin is not None:
            arrays |= self.kin.packed()
        for moment, lessons in (("now", self.now), ("then", self.then)):
            arrays |= {f"{moment}/{name}": array for name, array in _pack(lessons).items()}
        buffer = io.BytesIO()
        np.savez_compressed(buffer, allow_pickle=False, **arrays)
        return buffer.getvalue()

    @classmethod
    def from_bytes(cls, data: bytes) -> "Shared":
        """What ``to_bytes`` wrote."""
        with np.load(io.BytesIO(data), allow_pickle=False) as archive:
            reading = Reading.of(json.loads(str(archive["reading"])))
            moments: dict[str, dict[str, Any]] = {"now": {}, "then": {}, "kin": {}}
            for name in archive.files:
                moment, _, rest = name.partition("/")
                if rest:
                    moments[moment][rest] = archive[name]
        kin = Kin(**moments["kin"]) if moments["kin"] else None
        return cls(_unpack(moments["now"]), _unpack(moments["then"]), reading, kin)


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
    effort = effort_of(task, series, points)
    sample = sample_of(sample)
    reading = reading_of(sample, task)
    # what is learned before the last horizon must not depend on what lies in it: it serves the backtest, too
    histories = histories_of(sample, reading, task.horizon, held_back=task.horizon)
    back = task.window_start(task.windows)
    cut = [history.before(len(history) - back) for history in histories if len(history) > back]
    then = learn([history for history in cut if len(history)], task.horizon, effort, task.metric)
    now = learn(
        [history for history in histories if len(history)], task.horizon, effort, task.metric, then, back
    )
    return Shared(now, then, reading, _kin(histories, reading, task, now))


def _kin(histories: list[History], reading: Reading, task: Task, now: Lessons) -> Kin | None:
    """What items without history can be likened to, where there may be some: evenly from the sample."""
    known = [history for history in histories if len(history)]
    if not reading.attributes and len(known) == len(histories):
        return None
    chosen = known[:: max(1, -(-len(known) // most_items(task.horizon)))]
    codes = np.stack([h.context.codes if h.context else np.empty(0) for h in chosen] or [np.empty(0)])
    outlooks = [from_end(history, task.horizon, now) for history in chosen]
    return kin_of(codes, tables_of(outlooks, task.horizon, now)[..., :-1])


def _pack(lessons: Lessons) -> dict[str, Any]:
    experience, calibration, trees = lessons.experience, lessons.calibration, lessons.trees
    facts = {
        "origins": lessons.origins,
        "stacked": experience.stacked,
        "logs": experience.logs,
        "seasons": [trees.seasons.short, trees.seasons.long] if trees else [],
        "left_out": lessons.left_out,
        "quick": lessons.quick,
        "metric": lessons.metric,
        "counted": lessons.counted,
    }
    packed: dict[str, Any] = {
        "facts": np.array(json.dumps(facts)),
        "shares": calibration.shares,
        "factors": calibration.factors,
    }
    packed |= {f"before/{name}": ridge.coefficients for name, ridge in lessons.before.items()}
    packed |= {f"after/{name}": ridge.coefficients for name, ridge in lessons.after.items()}
    packed |= {f"losses/{name}": losses for name, losses in experience.losses.items()}
    if experience.products is not None:
        packed["products"] = experience.products
    if experience.errors is not None and experience.growth is not None:
        packed |= {"errors": experience.errors, "growth": experience.growth}
    if lessons.pool is not None:
        packed |= lessons.pool.packed()
    if trees is not None:
        packed |= {f"trees/{place}": np.array(text) for place, text in enumerate(trees.boosters)}
    return packed


def _unpack(packed: dict[str, Any]) -> Lessons:
    facts = json.loads(str(packed["facts"]))

    def under(folder: str) -> dict[str, Any]:
        return {name.removeprefix(folder): value for name, value in packed.items() if name.startswith(folder)}

    boosters = under("trees/")
    trees = None
    if boosters:
        texts = tuple(str(boosters[place]) for place in sorted(boosters, key=int))
        trees = Trees(texts, Seasons(*facts["seasons"]))
    return Lessons(
        origins=facts["origins"],
        before={name: Ridge(coefficients) for name, coefficients in under("before/").items()},
        after={name: Ridge(coefficients) for name, coefficients in under("after/").items()},
        experience=Experience(
            losses=under("losses/"),
            products=packed.get("products"),
            stacked=tuple(facts["stacked"]),
            errors=packed.get("errors"),
            growth=packed.get("growth"),
            logs=facts["logs"],
        ),
        trees=trees,
        calibration=Calibration(packed["shares"], packed["factors"]),
        left_out=facts["left_out"],
        quick=facts["quick"],
        metric=facts["metric"],
        counted=facts["counted"],
        pool=Pool.unpacked(under("pool/")),
    )
