"""The models, from simple to elaborate: a tie goes to the one listed first."""

from collections.abc import Mapping
from types import MappingProxyType

from stepcast.engine.model_parameters import MODEL_PARAMETERS
from stepcast.engine.models.arima import arima
from stepcast.engine.models.ets import ets
from stepcast.engine.models.model import Model
from stepcast.engine.models.npts import PARAMETERS, npts
from stepcast.engine.models.prophet import prophet
from stepcast.engine.models.seasonal_naive import seasonal_naive

__all__ = ["MODELS", "SEASONAL_NAIVE"]

SEASONAL_NAIVE = Model("SeasonalNaive", seasonal_naive, needs=1)

MODELS: Mapping[str, Model] = MappingProxyType(
    {
        model.name: model
        for model in (
            SEASONAL_NAIVE,
            Model("NPTS", npts, needs=1, parameters=PARAMETERS),
            Model("ETS", ets, needs=5, parameters=frozenset(MODEL_PARAMETERS["ETS"])),
            Model("ARIMA", arima, needs=8, parameters=frozenset(MODEL_PARAMETERS["ARIMA"])),
            Model("Prophet", prophet, needs=3, package="prophet"),
        )
    }
)
