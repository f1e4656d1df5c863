"""A Keras model through the engine's door: as it is or trained, and refused where it does not fit."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stepcast import engine
from stepcast.connect.keras import register
from stepcast.engine.errors import BadParameter, ImpossibleTask, MissingPackage, UnusableModel
from stepcast.engine.neural.progress import Epoch, listening
from stepcast.engine.own_model import runtime
from stepcast.engine.panel import Panel, Related
from stepcast.engine.results import Forecast, Trained
from stepcast.engine.sampling import Draw
from stepcast.engine.task import Task
from tests.connect.keras.models import echo, keras, persistence, quantile_net, rewritten, saved
from tests.engine.given import a_panel, monthly

HORIZON = 3
CALENDAR = 6  # numbers that the calendar gives of a month
register()
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # Keras' own


def task_of(model: bytes, horizon: int = HORIZON, **parameters: str) -> Task:
    named = {"model": "models/my.keras", **parameters}
    return Task(horizon=horizon, algorithm="Keras", parameters=named, model=model)


def run(panel: Panel, task: Task, sample: Panel | None = None) -> tuple[Trained, Forecast]:
    shared = engine.fit_shared(Draw.of(sample or panel), task)
    trained = engine.train(panel, replace(task, model=b""), shared)
    return trained, engine.forecast(panel, task, trained)


@pytest.fixture(scope="module")
def panel() -> Panel:
    gaps = monthly(60, seed=3)
    gaps[[20, 21, 59]] = np.nan
    return a_panel(*(monthly(60, seed) for seed in range(3)), gaps, [])


@pytest.fixture(scope="module")
def net() -> bytes:
    return quantile_net(12, 2 + CALENDAR, HORIZON, CALENDAR)


@pytest.fixture(scope="module")
def trained(panel: Panel, net: bytes) -> tuple[Trained, Forecast, list[Epoch]]:
    epochs: list[Epoch] = []
    with listening(epochs.append):
        made, forecast = run(panel, task_of(net, epochs="4", batch_size="4096"))
    return made, forecast, epochs


def test_a_compiled_model_is_trained_and_forecasts_every_item(
    panel: Panel, trained: tuple[Trained, Forecast, list[Epoch]]
) -> None:
    made, forecast, epochs = trained

    assert forecast.values.shape == (5, HORIZON, 3)
    assert np.isfinite(forecast.values).all()
    assert (np.diff(forecast.values, axis=-1) >= 0).all()
    assert 50 < np.median(forecast.values[:3, :, 1]) < 150
    assert np.isfinite(made.backtest.predicted[:4]).all()
    learning = [epoch.loss for epoch in epochs if epoch.phase == "learning"]
    assert learning[-1] < learning[0]
    after = [epoch.phase for epoch in epochs[len(learning) + 1 :]]
    assert epochs[len(learning)].phase == "backtest"
    assert after == ["forecast"] * len(after)
    assert len(after) > 1  # trained anew


def test_the_same_seed_gives_the_same_bits(
    panel: Panel, net: bytes, trained: tuple[Trained, Forecast, list[Epoch]]
) -> None:
    _, again = run(panel, task_of(net, epochs="4", batch_size="4096"))

    assert np.array_equal(again.values, trained[1].values)


def test_an_uncompiled_model_is_taken_as_it_is(panel: Panel) -> None:
    """What it says is the mean, in the units of the series; its errors before the backtest spread it."""
    task = replace(task_of(persistence(), horizon=1, scaling="none"), outputs=(0.1, 0.5, 0.9, "mean"))

    made, forecast = run(panel, task)

    mean = forecast.values[:, 0, -1]
    assert mean[:3] == pytest.approx([values[-1] for values in panel.values[:3]], rel=1e-6)
    assert (np.diff(forecast.values[:3, 0, :3]) > 0).all()
    errors = made.backtest.actual[:3, 0, 0] - made.backtest.predicted[:3, 0, 0, 0, -1]
    assert errors == pytest.approx([values[-1] - values[-2] for values in panel.values[:3]], rel=1e-4)


@pytest.mark.parametrize("scaling", ["window", "min_max", "none"])
def test_a_shard_is_forecast_as_in_the_whole_and_no_later_value_matters(panel: Panel, scaling: str) -> None:
    task = task_of(persistence(context=4), horizon=1, scaling=scaling)
    shared = engine.fit_shared(Draw.of(panel), task)
    later = panel.values[0].copy()
    later[-1] = 1e6  # the outcome of the backtest
    changed = replace(panel, values=(later, *panel.values[1:]))

    whole, part = (engine.train(some, task, shared) for some in (panel, panel.take([2])))
    learned = engine.train(changed, task, engine.fit_shared(Draw.of(changed), task))

    assert whole.tables is not None
    assert part.tables is not None
    assert np.array_equal(whole.tables[2], part.tables[0])
    assert np.array_equal(learned.backtest.predicted, whole.backtest.predicted, equal_nan=True)


def test_an_item_without_history_is_forecast_at_the_level_of_the_others(panel: Panel) -> None:
    _, forecast = run(panel, task_of(persistence(context=4), horizon=1))

    assert 80 < forecast.values[4, 0, 1] < 120
    assert "no value was observed" in forecast.explanations[4].note


@pytest.mark.parametrize("known_ahead", [True, False])
def test_of_the_horizon_a_model_sees_what_is_known_ahead_and_nothing_else(
    panel: Panel, known_ahead: bool
) -> None:
    """A historical feature is not shown, though a backtest knows it."""
    feature = np.random.default_rng(0).normal(size=63) - 5
    feature[57:] = [3, 1, 2, 6, 5, 4]
    if not known_ahead:
        feature[60:] = np.nan
    series = panel.take([0])
    related = Related(("event",), (feature[None],), ahead=HORIZON)
    task = replace(task_of(echo(HORIZON, 2 + CALENDAR), scaling="none"), outputs=("mean",))

    made, forecast = run(replace(series, related=related), task)

    backtest, ahead = made.backtest.predicted[0, 0, 0, :, 0], forecast.values[0, :, 0]
    if known_ahead:
        assert backtest / backtest[1] == pytest.approx([3, 1, 2], rel=1e-5)
        assert ahead / ahead[1] == pytest.approx([6 / 5, 1, 4 / 5], rel=1e-5)
    else:
        assert not backtest.any()
        assert not ahead.any()


class Own(keras.layers.Layer):  # type: ignore[misc]  # Keras has no types
    def call(self, x: Any) -> Any:
        return x


def layered(*layers: Any, shape: tuple[int, ...] = (4, 1)) -> bytes:
    return saved(keras.Sequential([keras.Input(shape), *layers]))


def with_nan() -> bytes:
    return persistence(weight=float("nan"))


REFUSED: Mapping[str, tuple[Callable[[], bytes], str]] = {
    "no archive": (
        lambda: b"\x89HDF\r\n",
        r"the file is no .keras archive; save it with model.save\('NAME.keras'\)",
    ),
    "lambda": (
        lambda: layered(keras.layers.Lambda(lambda x: x * 2, name="twice")),
        "has a Lambda layer 'twice', which is Python code inside the file; use keras.ops",
    ),
    "custom": (
        lambda: layered(Own()),
        "needs Own of .*test_keras_models, which is not part of Keras; build it of",
    ),
    "another module": (
        lambda: rewritten(persistence(), module="subprocess", class_name="Popen"),
        "needs Popen of subprocess, which is not part of Keras",
    ),
    "another framework": (
        lambda: rewritten(persistence(), module="keras.layers", class_name="TorchModuleWrapper"),
        "is a TorchModuleWrapper, code of another framework",
    ),
    "other horizon": (
        lambda: layered(keras.layers.Flatten(), keras.layers.Dense(5)),
        "forecasts 5 periods, and the",
    ),
    "other quantiles": (
        lambda: layered(keras.layers.Dense(2), shape=(1, 1)),
        "gives 2 numbers of a period, and Fore",
    ),
    "other features": (
        lambda: layered(keras.layers.Flatten(), keras.layers.Dense(1), shape=(4, 5)),
        r"takes 5 numbers of each period of the context; let it take 1 .* or, with these data, 8 ",
    ),
    "any context": (
        lambda: layered(keras.layers.GRU(1), shape=(None, 1)),  # type: ignore[arg-type]  # any length
        "takes a context of any length; write the length to use as context_length",
    ),
    "no shape": (
        lambda: saved(keras.Sequential([keras.layers.Dense(1)])),
        r"saved before the shape of its input was known; begin with keras.Input",
    ),
    "named inputs": (
        lambda: saved(
            keras.Model({"past": (past := keras.Input((4, 1), name="past"))}, keras.layers.Flatten()(past))
        ),
        r"its inputs or outputs are named; use keras.Model\(\[first, second\], output\)",
    ),
    "nan": (with_nan, "forecasts what is not a number"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_used_is_refused_with_the_reason_and_what_to_do(panel: Panel, name: str) -> None:
    made, match = REFUSED[name]

    with pytest.raises(UnusableModel, match=match):
        engine.fit_shared(Draw.of(panel), task_of(made(), horizon=1))


def test_code_in_a_file_never_runs(panel: Panel, tmp_path: Path) -> None:
    """Each of these makes the folder when it is called; none of them is."""
    made = tmp_path / "made"
    called = {"class_name": "function", "config": "mkdir", "module": "os", "registered_name": "function"}
    for changes in (
        {"module": "os", "class_name": "mkdir", "config": {"path": str(made)}},
        {"config": {"units": 1, "activation": called}},
        {"module": "keras.layers", "class_name": "Lambda", "config": {"function": called, "arguments": {}}},
    ):
        with pytest.raises(UnusableModel):
            engine.fit_shared(Draw.of(panel), task_of(rewritten(persistence(), **changes), horizon=1))

    assert not made.exists()


def test_training_that_goes_astray_says_so(panel: Panel) -> None:
    model = keras.Sequential([keras.Input((1, 1)), keras.layers.Flatten(), keras.layers.Dense(1)])
    model.compile(optimizer=keras.optimizers.SGD(1e30), loss="mse")

    with pytest.raises(UnusableModel, match=r"its loss is not a number after epoch .*lower learning rate"):
        engine.fit_shared(Draw.of(panel), task_of(saved(model), horizon=1, scaling="none"))


@pytest.mark.parametrize(
    ("parameters", "match"),
    [
        ({"epochs": "5"}, "not compiled, and epochs is 5; compile it"),
        ({"context_length": "7"}, "takes a context of 1 periods, and context_length is 7"),
    ],
)
def test_parameters_must_fit_the_model(panel: Panel, parameters: dict[str, str], match: str) -> None:
    with pytest.raises(UnusableModel, match=match):
        engine.fit_shared(Draw.of(panel), task_of(persistence(), horizon=1, **parameters))


def test_too_little_history_is_an_error(net: bytes) -> None:
    short = a_panel(monthly(20))

    with pytest.raises(ImpossibleTask, match=r"Keras needs 32 windows to learn from .* and has"):
        engine.fit_shared(Draw.of(short), task_of(net))


def test_unknown_parameters_are_named(panel: Panel) -> None:
    with pytest.raises(
        BadParameter, match="'look_back' is '3': Keras takes model, batch_size, context_length"
    ):
        engine.fit_shared(Draw.of(panel), task_of(persistence(), horizon=1, look_back="3"))


def test_without_keras_the_extra_is_named(panel: Panel, monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str) -> Any:
        raise ModuleNotFoundError(f"No module named {name!r}", name="keras")

    monkeypatch.setattr(runtime, "import_module", absent)

    with pytest.raises(MissingPackage, match=r"pip install 'stepcast\[keras\]'"):
        engine.fit_shared(Draw.of(panel), task_of(persistence(), horizon=1))
