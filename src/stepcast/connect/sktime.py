"""sktime's interface of a forecaster over ``stepcast.Forecaster``."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, cast

import numpy as np
import pandas as pd
from sktime.forecasting.base import BaseForecaster

from stepcast.api.forecaster import Forecaster
from stepcast.api.frequencies import frequency_of
from stepcast.pipeline.params import output_label

__all__ = ["StepcastForecaster"]

# Positions have no calendar, and Stepcast's series have one: of all periods that params.json knows, this one
# has the longest season, 1,440 of it, and no week or year.
UNIT, FIRST = np.timedelta64(59, "m"), np.datetime64("1970-01-01", "s")
UNIT_TEXT = "59min"


class StepcastForecaster(BaseForecaster):
    """``StepcastForecaster().fit(y, fh=[1, 2, 3]).predict()``, with intervals and quantiles.

    Series of a panel, or of a hierarchy, learn from one another. The index has dates, periods or whole
    numbers; missing values are unknown. It forecasts what comes after the last row, up to 500 periods.

    The arguments are those of ``stepcast.Forecaster``; ``freq`` is that of the index if None. Exogenous data
    are not used.

    >>> from sktime.datasets import load_airline
    >>> from stepcast.connect.sktime import StepcastForecaster
    >>> forecaster = StepcastForecaster().fit(load_airline(), fh=[1, 2, 3])
    >>> forecaster.predict_interval(coverage=0.8).shape
    (3, 2)
    """

    _tags: ClassVar[dict[str, Any]] = {
        "authors": ["Stepcast"],
        "y_inner_mtype": ["pd.DataFrame", "pd-multiindex", "pd_multiindex_hier"],
        "X_inner_mtype": ["pd.DataFrame", "pd-multiindex", "pd_multiindex_hier"],
        "capability:multivariate": False,
        "capability:exogenous": False,
        "capability:insample": False,
        "capability:pred_int": True,
        "capability:pred_int:insample": False,
        "capability:missing_values": True,
        "requires-fh-in-fit": True,
    }

    def __init__(
        self,
        freq: str | None = None,
        algorithm: str | None = None,
        parameters: Mapping[str, Any] | None = None,
        network: str | None = None,
        holidays: Sequence[str] | str = (),
        time_budget: float | None = None,
        bounds: tuple[float | None, float | None] | None = None,
    ) -> None:
        self.freq = freq
        self.algorithm = algorithm
        self.parameters = parameters
        self.network = network
        self.holidays = holidays
        self.time_budget = time_budget
        self.bounds = bounds
        super().__init__()

    def _fit(self, y: pd.DataFrame, X: Any, fh: Any) -> "StepcastForecaster":  # noqa: N803  # sktime's
        del X
        horizon = int(fh.to_relative(self.cutoff).to_pandas().max())
        keys = _series(y) if y.index.nlevels > 1 else ()
        self._keys = [key if isinstance(key, tuple) else (key,) for key in keys]
        self._names, self._columns = y.index.names, y.columns
        rows, frequency = _rows(y)
        self._forecaster = Forecaster(
            horizon,
            self.freq or frequency,
            mean=True,
            algorithm=self.algorithm,
            parameters=self.parameters,
            network=self.network,
            holidays=self.holidays,
            fill="nan",
            time_budget=self.time_budget,
            bounds=self.bounds,
        ).fit(rows)
        return self

    def _predict(self, fh: Any, X: Any) -> pd.DataFrame:  # noqa: N803  # sktime's
        del X
        made = self._read(fh, [0.5])
        return pd.DataFrame(made["mean"].to_numpy(), index=made.index, columns=self._columns)

    def _predict_quantiles(
        self,
        fh: Any,
        X: Any,  # noqa: N803  # sktime's
        alpha: Sequence[float],
    ) -> pd.DataFrame:
        del X
        made = self._read(fh, alpha)
        columns = pd.MultiIndex.from_product([self._get_varnames(), alpha])
        values = np.column_stack([made[output_label(one)] for one in alpha])
        return pd.DataFrame(values, index=made.index, columns=columns)

    def _read(self, fh: Any, quantiles: Sequence[float]) -> pd.DataFrame:
        """The rows of the forecast that ``fh`` asks for, with sktime's index."""
        steps = fh.to_relative(self.cutoff).to_numpy().astype(int)
        made = self._forecaster.predict(quantiles=quantiles)
        horizon = self._forecaster.horizon
        items = made["item_id"].to_numpy()[::horizon].astype(int)  # as _rows numbers them
        ranks = np.argsort(items, kind="stable")
        places = (ranks[:, None] * horizon + steps[None] - 1).ravel()
        chosen: pd.DataFrame = made.iloc[places]
        moments = fh.to_absolute_index(self.cutoff)
        if not self._keys:
            return chosen.set_axis(moments, axis="index")
        pairs = [(*key, moment) for key in self._keys for moment in moments]
        index = pd.MultiIndex.from_tuples(pairs, names=self._names)
        return chosen.set_axis(index, axis="index").sort_index()

    @classmethod
    def get_test_params(cls, parameter_set: str = "default") -> list[dict[str, Any]]:
        """Arguments that sktime's own checks construct forecasters with: quick ones."""
        del parameter_set
        return [{"algorithm": "NPTS"}, {"algorithm": "ETS", "parameters": {"seasonal": "none"}}]


def _series(y: pd.DataFrame) -> Any:
    """The keys of the series, in the order in which they first occur."""
    return _without_time(y.index).unique()


def _without_time(index: pd.Index) -> Any:
    return cast(Any, index).droplevel(-1)  # its stubs know of one level only


def _rows(y: pd.DataFrame) -> tuple[pd.DataFrame, str | None]:
    """``y`` as rows whose item_id is the number of the series, and the frequency if the index has it."""
    index = y.index
    numbers = np.zeros(len(y), int)
    if index.nlevels > 1:
        numbers = _series(y).get_indexer(_without_time(index))
        index = index.get_level_values(-1)
    if isinstance(index, pd.PeriodIndex | pd.DatetimeIndex):
        frequency = frequency_of(index.freqstr) if index.freqstr else None
        moments = index.to_timestamp() if isinstance(index, pd.PeriodIndex) else index
    else:
        steps = index.to_numpy()
        frequency, moments = UNIT_TEXT, pd.DatetimeIndex(FIRST + (steps - steps.min()) * UNIT)
    values = y.iloc[:, 0].to_numpy(dtype=float)
    rows = pd.DataFrame({"item_id": numbers.astype(str), "timestamp": moments, "target_value": values})
    return rows, frequency
