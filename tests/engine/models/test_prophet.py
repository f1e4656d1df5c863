"""Prophet is one model among others: the same every time, quiet, explained by what it is told."""

import numpy as np
import pytest

from stepcast import engine
from stepcast.engine.errors import CannotFit, MissingPackage
from stepcast.engine.models import local
from stepcast.engine.models.prophet import prophet, prophet_explained
from stepcast.engine.task import Task
from tests.engine.given import a_panel, a_past, monthly

QUANTILES = (0.1, 0.5, 0.9)
TASK = Task(horizon=3, algorithm="Prophet")


@pytest.fixture
def installed() -> None:
    pytest.importorskip("prophet", reason="stepcast[prophet] is not installed")


def test_without_its_package_training_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local, "find_spec", lambda _: None)

    with pytest.raises(MissingPackage, match=r"pip install 'stepcast\[prophet\]'"):
        engine.train(a_panel(list(monthly(30))), TASK)


def test_others_do_not_need_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local, "find_spec", lambda _: None)

    trained = engine.train(a_panel(list(monthly(30))), Task(horizon=3, algorithm="NPTS"))

    assert trained.models[0] == "NPTS"


@pytest.mark.usefixtures("installed")
def test_months_have_their_season() -> None:
    made = prophet(a_past(monthly(120)), 12, QUANTILES, {})

    truth = 100 + 20 * np.sin(2 * np.pi * np.arange(120, 132) / 12)
    assert made.mean == pytest.approx(truth, abs=6)
    assert (np.diff(made.quantiles, axis=1) > 0).all()


@pytest.mark.usefixtures("installed")
def test_it_is_the_same_every_time_and_leaves_others_dice_alone(capfd: pytest.CaptureFixture[str]) -> None:
    values = monthly(60)
    values[20:23] = np.nan
    np.random.seed(3)
    expected = np.random.random()
    np.random.seed(3)

    first, second = (prophet(a_past(values), 4, QUANTILES, {}) for _ in range(2))

    assert np.array_equal(first.quantiles, second.quantiles)
    assert np.array_equal(first.mean, second.mean)
    assert np.random.random() == expected
    assert capfd.readouterr() == ("", "")


@pytest.mark.usefixtures("installed")
def test_two_values_are_not_enough() -> None:
    with pytest.raises(CannotFit, match="less than 2 non-NaN rows"):
        prophet(a_past([1.0, np.nan, np.nan]), 2, QUANTILES, {})


@pytest.mark.usefixtures("installed")
def test_what_explains_a_series_is_used_ahead() -> None:
    """A promotion every tenth day doubles sales: one on the second day ahead, nobody knows of the third."""
    promotion = (np.arange(203) % 10 == 1).astype(float)
    values = 10 + 10 * promotion[:200] + np.random.default_rng(0).normal(0, 0.3, 200)
    promotion[202] = np.nan

    made = prophet_explained(
        a_past(values, frequency="D", end=20_000),
        3,
        (0.5,),
        {"promotion": promotion, "nothing": promotion * np.nan},
    )

    assert made.mean[:2] == pytest.approx([10, 20], abs=1)
    assert made.mean[2] == pytest.approx(11, abs=1)


@pytest.mark.usefixtures("installed")
def test_a_holiday_is_known_ahead() -> None:
    days = np.arange(400)
    feast = days % 100 == 50
    values = 10 + 5 * feast[:349] + np.random.default_rng(0).normal(0, 0.3, 349)
    dates = (days + 20_000 - 348).astype("datetime64[D]")

    made = prophet_explained(
        a_past(values, frequency="D", end=20_000), 3, (0.5,), holidays={"feast": dates[feast]}
    )

    assert made.mean == pytest.approx([10, 15, 10], abs=1)


@pytest.mark.usefixtures("installed")
def test_a_panel_is_trained_and_forecast_by_it() -> None:
    panel = a_panel(list(monthly(60)), [5.0] * 40, [1.0, 2.0])

    made = engine.forecast(panel, TASK, engine.train(panel, TASK))

    assert made.models == ("Prophet", "Prophet", "SeasonalNaive")
    assert np.isfinite(made.values).all()
    assert made.values[1] == pytest.approx(5.0, abs=0.01)
