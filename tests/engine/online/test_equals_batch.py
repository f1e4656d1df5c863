"""With parameters and weights held, going on value by value is the AutoPredictor's own pass over it all.

Batch is ``forecast_members``, which makes every forecast of the AutoPredictor, over the longer history, with
what was found at the end of the shorter one: parameters, effects of the calendar, seasons and the choice of
forms. Theta is asked for by its kernel, since ``forecast_members`` would learn its season from all there is.
Two members are left out, the means of the last year and of ten: a record keeps no values for so long, so
these forget exponentially instead.
"""

import numpy as np
import pytest

from stepcast.engine import online
from stepcast.engine.auto.members import smoothing_kernels
from stepcast.engine.auto.members.members import Request, forecast_members
from stepcast.engine.auto.members.smoothing import forms_of
from stepcast.engine.auto.series.history import History, histories_of
from stepcast.engine.auto.series.quantile_grid import MEDIAN, OUTERMOST, PROBABILITIES
from stepcast.engine.auto.series.seasons import seasons_of
from stepcast.engine.auto.sources.trees import fit_trees
from stepcast.engine.online.examine import Examined, examine
from stepcast.engine.online.forecast import tables
from stepcast.engine.online.forest import forest_of
from stepcast.engine.online.layout import FIELDS, MEMBERS, PLAN
from stepcast.engine.online.members import FOREST, ahead, grow
from stepcast.engine.online.quantiles import spread
from stepcast.engine.online.rates import NOT_KNOWN
from stepcast.engine.online.state import Common
from stepcast.engine.task import Task
from tests.engine.online.streams import END, Stream, panel_of, seasonal

FORGETTING = ("calendar_mean", "calendar_mean_of_years")
CLOSE = 1e-9  # of the size of the values


def hourly_with_weeks() -> Stream:
    return seasonal(items=3, known=720, after=100)


def hourly_with_negatives_and_gaps() -> Stream:
    stream = seasonal(items=3, known=260, after=90)
    values = stream.values - stream.values.mean(axis=1, keepdims=True) + np.arange(350) * 0.3
    values[0, 265:272] = np.nan
    values[1, 300] = np.nan
    values[2, 259:262] = np.nan  # over the start
    return Stream(values, stream.known, stream.frequency, stream.task)


def daily_with_a_calendar() -> Stream:
    stream = seasonal(items=2, known=1300, after=500, frequency="D", season=7)
    day = np.arange(stream.values.shape[1])
    yearly = 1 + 0.4 * np.sin(2 * np.pi * day / 365.25) + 0.8 * (day % 365 < 6)
    return Stream(stream.values * yearly, stream.known, "D", stream.task)


def monthly_demand_with_zeros() -> Stream:
    draw = np.random.default_rng(8)
    values = draw.poisson(6.0, (4, 160)) * (draw.random((4, 160)) < 0.7) + 0.25
    return Stream(np.where(values < 1, 0.0, values), 100, "M", Task(horizon=6))


def yearly_with_a_trend() -> Stream:
    draw = np.random.default_rng(5)
    steps = draw.normal(3, 4, (5, 90)) + np.sin(np.arange(90) / 9)
    return Stream(200 + np.cumsum(steps, axis=1), 60, "Y", Task(horizon=5))


STREAMS = {
    one.__name__: one
    for one in (
        hourly_with_weeks,
        hourly_with_negatives_and_gaps,
        daily_with_a_calendar,
        monthly_demand_with_zeros,
        yearly_with_a_trend,
    )
}


def batch(found: Examined, short: History, whole: History, common: Common) -> dict[str, np.ndarray]:
    """Forecasts (horizon,) of the members by name, from the end of the ``whole`` history."""
    fitted, end, horizon = len(short), np.array([len(whole)]), common.task.horizon
    parameters = {view: dict(forms) for view, forms in found.validation.parameters.items()}
    seasons = found.validation.seasons
    made = forecast_members(
        Request(
            whole,
            seasons,
            end,
            fitted,
            fitted,
            horizon,
            ridges=common.shared.final.after,
            quick=False,
            known=parameters,
        )
    )
    result = {name: made.forecasts[place, 0] for place, name in enumerate(made.names)}
    forms = [form for form in forms_of(short.values, seasons, False) if form.name.startswith("theta")]
    for form in forms:
        out, table = np.empty((1, 1, horizon)), np.array([[10, form.season, form.length, 0, 0, 0]])
        parameter = np.zeros((1, smoothing_kernels.PARAMETERS), np.float32)
        smoothing_kernels.smooth(
            whole.values, fitted, table, end, horizon, np.zeros((2, 6, 16), np.float32),
            np.zeros((3, 6, 16), np.float32), parameter, out,
        )  # fmt: skip
        low = 0.0 if whole.non_negative else -np.inf
        result[form.name] = np.maximum(out[0, 0], low)
    return result


@pytest.mark.parametrize("name", STREAMS)
def test_members_and_ensemble_equal_a_pass_over_the_whole_history(name: str) -> None:
    stream = STREAMS[name]()
    state = stream.start()
    common, after = state.common, stream.values.shape[1] - stream.known
    items, periods, values = stream.observations()
    told = np.isfinite(values) | (np.arange(len(values)) % 2 == 0)  # of what is missing some is never told of

    online.update(state, items[told], periods[told], values[told], learn=False)

    encoder, horizon = common.shared.encoder, stream.task.horizon
    shorter = histories_of(stream.panel, encoder, horizon)
    longer = histories_of(
        panel_of(stream.values, END + after, stream.frequency), encoder, horizon, reserved=after
    )
    names: set[str] = set()
    for item, (short, whole) in enumerate(zip(shorter, longer, strict=True)):
        found = examine(short, common, NOT_KNOWN)
        expected = batch(found, short, whole, common)
        plan, row = state.plans[item], state.rows[item]
        made = np.empty((common.layout.most, horizon))
        lags, trees = np.empty(common.layout.lags + 1), np.empty((horizon, 1))
        ahead(plan, row, common.layout, common.model, 1, lags, trees, made)
        size = np.abs(whole.values).max()
        assert whole.exponent == plan[PLAN.index("exponent")]
        for place, member in enumerate(found.validation.names):
            if member in FORGETTING:
                expected[member] = made[place]
            np.testing.assert_allclose(
                made[place], expected[member], rtol=0, atol=CLOSE * size, err_msg=member
            )
        names.update(found.validation.names)

        count = len(found.validation.names)
        forecast, table = tables(state, np.array([item]))[0], np.empty(len(PROBABILITIES))
        for step in range(horizon):
            weights = row[common.layout.weights + step * 3 // horizon * common.layout.most :][:count]
            centre = sum(
                weight * expected[member][step]
                for weight, member in zip(weights, found.validation.names, strict=True)
            )
            spread(plan, row, common.layout, common.model.factors, step, centre, 0.0, trees[step], table)
            np.testing.assert_allclose(
                forecast[step],
                np.ldexp(table, whole.exponent),
                rtol=0,
                atol=CLOSE * size * 2.0**whole.exponent,
            )
    assert len(names) >= 5


def test_the_streams_above_meet_every_kind_of_member() -> None:
    kinds: set[int] = set()
    for stream in STREAMS.values():
        state = stream().start()
        for plan in state.plans:
            kinds.update(plan[MEMBERS::FIELDS][: plan[PLAN.index("count")]].tolist())

    assert kinds >= set(range(FOREST))


def test_trees_see_the_same_from_a_record_as_from_the_whole_history() -> None:
    stream = seasonal(items=8, known=300, after=120)
    state = stream.start()
    online.update(state, *stream.observations(), learn=False)
    whole = panel_of(stream.values, END + 120, "H")
    histories = histories_of(whole, state.common.shared.encoder, 12, reserved=120)
    seasons = seasons_of(whole.frequency, 300, 12)
    trees = fit_trees(histories, np.full(8, 300), seasons, 12, 4000, 20)
    assert trees is not None

    expected = trees.quantiles(histories, np.full(8, 420), 12)[..., [OUTERMOST, MEDIAN, -1 - OUTERMOST]]

    for outer, columns in ((True, slice(None)), (False, slice(1, 2))):
        forest = forest_of(trees, outer)
        for item in range(8):
            made, facts = np.empty((12, forest.columns)), np.empty(forest.facts + 1)
            grow(state.plans[item], state.rows[item], state.common.layout, forest, 1, made, facts)
            np.testing.assert_allclose(made, expected[item][:, columns], rtol=0, atol=CLOSE)
