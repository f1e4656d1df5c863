"""A network beside the AutoPredictor: few series, so that no trees are grown, and networks of one epoch."""

from collections.abc import Iterator
from dataclasses import replace
from importlib import util
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from stepcast import engine
from stepcast.engine import archive, online
from stepcast.engine.arrays import Floats
from stepcast.engine.auto.series.quantile_grid import outputs_of
from stepcast.engine.errors import BadParameter, ImpossibleTask, MissingPackage, UnknownModel
from stepcast.engine.joined.joined import Joined
from stepcast.engine.joined.joining import Judge
from stepcast.engine.neural import progress
from stepcast.engine.panel import Panel
from stepcast.engine.results import Trained
from stepcast.engine.sampling import Draw
from stepcast.engine.task import Task
from tests.engine.given import a_panel, monthly

LENGTH = 90
ALONE = Task(horizon=4, outputs=(0.1, 0.5, 0.9, "mean"), windows=2)
TASK = replace(ALONE, network="CNN-QR", parameters={"epochs": "1"})


def judged(monkeypatch: pytest.MonkeyPatch, *verdicts: bool) -> None:
    """Say in advance what each judgement is."""
    said = iter(verdicts)
    monkeypatch.setattr(Judge, "helps", lambda *_: next(said))


def regular() -> Panel:
    return a_panel(*(monthly(LENGTH, seed) for seed in range(7)))


def odd() -> Panel:
    """Two that suit a network, then a constant, a silent, a short, a sparse and an empty one."""
    sparse = (np.arange(LENGTH) % 7 == 0).astype(float)
    silent = np.append(monthly(LENGTH - 3), [np.nan] * 3)
    return a_panel(monthly(LENGTH), monthly(60), np.full(LENGTH, 5.0), silent, [4.0, 6.0, 5.0], sparse, [])


def run(panel: Panel, task: Task = TASK) -> tuple[bytes, Trained]:
    shared = engine.fit_shared(Draw.of(panel), task)
    return shared, engine.train(panel, task, shared)


@pytest.fixture
def phases() -> Iterator[list[str]]:
    heard: list[str] = []
    with progress.listening(lambda epoch: heard.append(epoch.phase)):
        yield heard


def test_where_it_does_not_help_the_forecast_is_that_of_the_autopredictor(
    monkeypatch: pytest.MonkeyPatch, phases: list[str]
) -> None:
    judged(monkeypatch, False)
    panel = regular()

    _, joined = run(panel)

    assert set(phases) == {"weighing"}
    _, alone = run(panel, ALONE)
    np.testing.assert_array_equal(joined.tables, alone.tables)
    np.testing.assert_array_equal(joined.backtest.predicted, alone.backtest.predicted)
    assert joined.explanations[0].note == "without CNN-QR: it did not help before the backtest"
    assert joined.explanations[0].sources == alone.explanations[0].sources


def test_where_the_backtest_speaks_against_it_only_the_backtest_has_it(
    monkeypatch: pytest.MonkeyPatch, phases: list[str]
) -> None:
    judged(monkeypatch, True, False)
    panel = regular()

    _, joined = run(panel)

    assert set(phases) == {"weighing", "backtest"}
    _, alone = run(panel, ALONE)
    np.testing.assert_array_equal(joined.tables, alone.tables)
    assert (joined.backtest.predicted[:, :, 0] != alone.backtest.predicted[:, :, 0]).any()
    assert joined.explanations[0].note == "without CNN-QR: in the backtest, its share did not help"


def test_its_share_is_a_quarter_of_every_quantile_in_forecast_and_backtest(
    monkeypatch: pytest.MonkeyPatch, phases: list[str]
) -> None:
    judged(monkeypatch, True, True)
    panel = odd()

    shared, joined = run(panel)

    assert list(dict.fromkeys(phases)) == ["weighing", "backtest", "forecast"]
    _, alone = run(panel, ALONE)
    learned = archive.from_bytes(Joined, shared).learned
    assert learned is not None
    assert joined.tables is not None
    assert alone.tables is not None
    its = learned.tables(panel, learned.final, 0)[:2, :, :-1]
    np.testing.assert_allclose(joined.tables[:2, :, :-1], 0.75 * alone.tables[:2, :, :-1] + 0.25 * its)
    for window, before in enumerate((4, 8)):
        then = outputs_of(learned.tables(panel, learned.backtest, before)[:2], (0.1, 0.5, 0.9))
        mixed, own = (one.backtest.predicted[:2, window, 0, :, :3] for one in (joined, alone))
        np.testing.assert_allclose(mixed, 0.75 * own + 0.25 * then)
    sources = dict(joined.explanations[0].sources)
    assert sources["CNN-QR"] == 0.25
    assert sum(sources.values()) == pytest.approx(1, abs=1e-3)
    # what a network can say nothing of is left alone
    np.testing.assert_array_equal(joined.tables[2:], alone.tables[2:])
    assert joined.explanations[2:] == alone.explanations[2:]


def test_the_same_task_gives_the_same_bits_in_any_part_of_a_panel(monkeypatch: pytest.MonkeyPatch) -> None:
    panel = regular()
    judged(monkeypatch, True, True, True, True)
    shared, whole = run(panel)

    again, _ = run(panel)
    part = engine.train(panel.take([4, 1]), TASK, shared)

    assert again == shared
    assert part.tables is not None
    assert whole.tables is not None
    np.testing.assert_allclose(part.tables, whole.tables[[4, 1]], rtol=1e-6)
    np.testing.assert_allclose(part.backtest.predicted, whole.backtest.predicted[[4, 1]], rtol=1e-6)


def test_no_window_sees_what_it_or_a_later_one_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even by the judgement on the network."""

    def predicted(late: float) -> tuple[np.ndarray, bool]:
        found: list[bool] = []
        helps = Judge.helps

        def noted(*args: Any) -> bool:
            found.append(helps(*args))
            return len(found) == 1

        with monkeypatch.context() as patched:
            patched.setattr(Judge, "helps", noted)
            panel = a_panel(*(np.append(one[:-8], one[-8:] * late) for one in regular().values))
            return run(panel)[1].backtest.predicted[:, 1, 0], found[0]

    (then, before), (later, after) = predicted(1.0), predicted(7.0)

    np.testing.assert_array_equal(then, later)
    assert before == after


@pytest.mark.parametrize(("right", "helps"), [(True, True), (False, False)])
def test_a_network_is_judged_by_what_came(right: bool, helps: bool) -> None:
    panel = regular()
    ensemble = archive_of(panel)
    actual = np.stack([values[-4:] for values in panel.values])

    class Network:
        shape = SimpleNamespace(context=16, horizon=4)
        backtest = final = None

        def tables(self, panel: Panel, fitted: None, before: int) -> Floats:
            del panel, fitted
            assert before == 4
            return np.repeat(actual[..., None] * (1.0 if right else 2.0), 16, axis=-1)

    judge = Judge(Draw.of(panel), ensemble, ALONE)

    assert judge.helps(Network(), ensemble.backtest, [1]) is helps  # type: ignore[arg-type]


def archive_of(panel: Panel) -> Any:
    from stepcast.engine.auto import fit_shared

    return fit_shared(panel, ALONE)


def test_without_time_or_history_there_is_no_network_and_a_note_says_so(phases: list[str]) -> None:
    hurried = run(regular(), replace(TASK, budget_seconds=20))[1]
    young = run(a_panel(monthly(20), monthly(20)))[1]

    assert phases == []
    assert "omitted for the budget of 20 s: CNN-QR" in hurried.explanations[0].note
    assert "without CNN-QR: there is too little history to learn from" in young.explanations[0].note


def test_what_cannot_be_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    panel = regular()
    with pytest.raises(ImpossibleTask, match="network is CNN-QR and algorithm ETS: only the AutoPredictor"):
        run(panel, replace(TASK, algorithm="ETS"))
    with pytest.raises(UnknownModel, match="there is no model 'GRU': choose from CNN-QR"):
        run(panel, replace(TASK, network="GRU"))
    with pytest.raises(BadParameter, match="learning_rate"):
        run(panel, replace(TASK, parameters={"learning_rate": "0.1"}))
    with pytest.raises(ImpossibleTask, match="CNN-QR cannot be updated value by value"):
        online.start(panel, TASK, b"")
    monkeypatch.setattr(
        "stepcast.engine.neural.algorithm.find_spec",
        lambda name: None if name == "jax" else util.find_spec(name),
    )
    with pytest.raises(MissingPackage, match=r"pip install 'stepcast\[neural\]'"):
        run(panel)
