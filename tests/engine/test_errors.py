import pickle

import pytest

from stepcast.engine.errors import (
    BadParameter,
    CannotFit,
    ForecastingError,
    HistoryTooShort,
    ImpossibleTask,
    UnknownModel,
)

EVERY = [
    ImpossibleTask("horizon is 0"),
    UnknownModel("Theta", ("ETS", "ARIMA")),
    BadParameter("kernel_type", "square", "write exponential or uniform"),
    CannotFit("ETS", "all values are equal"),
    HistoryTooShort("ARIMA", 3, 8),
]


@pytest.mark.parametrize("error", EVERY, ids=lambda error: type(error).__name__)
def test_an_error_survives_pickling(error: ForecastingError) -> None:
    """Worker processes send them home that way."""
    again = pickle.loads(pickle.dumps(error))  # noqa: S301 our own pickle

    assert (type(again), str(again)) == (type(error), str(error))
    assert isinstance(again, ForecastingError)


def test_a_short_history_says_what_it_has_and_what_it_needs() -> None:
    error = HistoryTooShort("ARIMA", have=3, need=8)

    assert str(error) == "ARIMA could not be fitted (it needs 8 observations but there are only 3)"


def test_an_unknown_model_lists_the_known() -> None:
    assert str(UnknownModel("Theta", ("ETS", "ARIMA"))) == "there is no model 'Theta': choose from ETS, ARIMA"
