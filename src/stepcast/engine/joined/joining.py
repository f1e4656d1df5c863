"""Train a network beside the AutoPredictor, and give it a share where the past says that it pays.

In the horizon before the backtest both are judged as they were trained on what lies before. Where the share
would have helped, the network has it in the backtest; where it helps there, too, also in the forecast. It is
trained alike each time, and no further than it helps.
"""

from dataclasses import dataclass, replace

import numpy as np

from stepcast.engine.arrays import Floats
from stepcast.engine.auto.budget import budget_of, seconds_left
from stepcast.engine.auto.panel_fit import PanelFit
from stepcast.engine.auto.series.history import histories_of
from stepcast.engine.auto.series.quantile_grid import PROBABILITIES
from stepcast.engine.auto.series_forecast import from_end, tables_of
from stepcast.engine.auto.shared import Shared, fit_before, fit_draw
from stepcast.engine.errors import ImpossibleTask
from stepcast.engine.joined.joined import Joined, suits
from stepcast.engine.losses import pinball_loss
from stepcast.engine.neural.fitting import course_of
from stepcast.engine.neural.learned import Learned
from stepcast.engine.sampling import Draw
from stepcast.engine.task import Task

__all__ = ["join"]

LEAST_SECONDS = 30.0  # of CPU, below which a network is not begun: the compiler alone may take eight of them
JUDGED = 300  # series, at most
SHARE = 0.25  # larger ones gain more at times and harm more at others (docs/decisions/0021)
LEAST_GAIN = 0.01  # of the loss: less may be chance


def join(draw: Draw, task: Task) -> Joined:
    """The AutoPredictor with the network that the task names, or with a note on why it has no share."""
    ensemble = fit_draw(draw, task)
    seconds = seconds_left(task, draw.series, draw.points)
    if seconds is not None and seconds < LEAST_SECONDS:
        return _without(ensemble, f"omitted for the budget of {task.budget_seconds:g} s: {task.network}")
    back = task.window_start(task.windows + 1)
    alone = replace(task, algorithm=task.network, network="", budget_seconds=seconds)
    course = course_of(draw.sample, alone, back, times=3)
    try:
        found, earlier = course.trained(back, ("weighing", "weighing"))
    except ImpossibleTask:
        return _without(ensemble, f"without {task.network}: there is too little history to learn from")
    judge = Judge(draw, ensemble, task)
    if not judge.helps(course.learned(found, earlier, earlier), judge.fit_before(back), [task.windows + 1]):
        return _without(ensemble, f"without {task.network}: it did not help before the backtest")
    windows = list(range(1, task.windows + 1))
    found, backtest = course.trained(task.window_start(task.windows), ("backtest", "backtest"), found)
    tested = course.learned(found, backtest, backtest)
    if not judge.helps(tested, ensemble.backtest, windows):
        noted = _without(ensemble, f"without {task.network}: in the backtest, its share did not help")
        return replace(noted, learned=tested, backtest=SHARE)
    _, final = course.trained(0, ("forecast", "forecast"), found)
    return Joined(ensemble, course.learned(found, backtest, final), SHARE, SHARE)


@dataclass(frozen=True)
class Judge:
    """Whether the network's share would have helped in windows of the past, of a part of the sample."""

    draw: Draw
    ensemble: Shared
    task: Task

    def fit_before(self, back: int) -> PanelFit:
        """What the ensemble would have learned ``back`` periods before the end."""
        histories = histories_of(
            self.draw.sample, self.ensemble.encoder, self.task.horizon, reserved=self.task.horizon
        )
        return fit_before(
            histories, self.task, budget_of(self.task, self.draw.series, self.draw.points), back
        )

    def helps(self, learned: Learned, fit: PanelFit, windows: list[int]) -> bool:
        """Whether mean losses in ``windows`` were lower, of what both had learned before these.

        Losses are relative to the size of a series.
        """
        with np.errstate(over="ignore"):  # differences of the largest numbers there are
            losses = np.concatenate(
                [self._losses(learned, fit, self.task.window_start(one)) for one in windows]
            )
        if not len(losses):
            return False
        without, with_it = losses.mean(axis=0)
        return bool(with_it < (1 - LEAST_GAIN) * without)

    def _losses(self, learned: Learned, fit: PanelFit, back: int) -> Floats:
        """Mean pinball losses (series, 2) from ``back`` periods before the end, without the network and with.

        Of those series that it would have a share in, and that were observed then.
        """
        horizon, sample = self.task.horizon, self.draw.sample
        chosen = sample.take(list(range(0, len(sample), max(1, -(-len(sample) // JUDGED)))))
        histories = histories_of(chosen, self.ensemble.encoder, horizon, back)
        made = [from_end(history, horizon, fit) if len(history) else None for history in histories]
        kept = {place: one for place, one in enumerate(made) if suits(one, learned)}
        if not kept:
            return np.empty((0, 2))
        panel, found = chosen.take([*kept]), [*kept.values()]
        own = tables_of(found, horizon, fit)
        mixed, _ = Joined(self.ensemble, learned, SHARE).mix(own, panel, found, back)
        losses = []
        for values, *tables in zip(panel.values, own, mixed, strict=True):
            past, actual = values[: len(values) - back], values[len(values) - back :][:horizon]
            known = np.isfinite(actual)
            if known.any():
                sizes = np.abs(past[np.isfinite(past)])
                size = sizes.max() * (sizes / sizes.max()).mean()  # no sum is too large
                each = (pinball_loss(actual[known, None] - one[known, :-1], PROBABILITIES) for one in tables)
                losses.append([one.mean() / size for one in each])
        return np.array(losses).reshape(-1, 2)


def _without(ensemble: Shared, why: str) -> Joined:
    notes = "; ".join(filter(None, (ensemble.final.omitted, why)))
    return Joined(replace(ensemble, final=replace(ensemble.final, omitted=notes)))
