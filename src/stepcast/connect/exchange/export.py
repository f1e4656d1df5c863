"""Which algorithms can be exported as formulas, and why others cannot."""

from collections.abc import Mapping

from stepcast.connect.errors import ConnectorError
from stepcast.connect.exchange.auto_models import ridge_model, trees_model
from stepcast.connect.exchange.item import Item
from stepcast.connect.exchange.item_model import ItemModel
from stepcast.connect.exchange.local_models import LOCAL, local_model
from stepcast.engine.algorithms import ALGORITHMS

__all__ = ["EXPORTABLE", "exported"]

AUTO_PARTS = {"ridge": ridge_model, "trees": trees_model}
EXPORTABLE = (*LOCAL, *AUTO_PARTS)
NEAREST = "export ETS, ARIMA, SeasonalNaive, or of an AutoPredictor its ridge or trees"
REFUSED: Mapping[str, str] = {
    "AutoPredictor": "it blends dozens of members and past errors, which is no single model",
    "NPTS": "it draws from past values, which no formula of the step does",
    "Prophet": "its quantiles are those of sampled trends",
    "Deep_AR_Plus": "its quantiles are those of paths that it draws",
    "Keras": "it is the file of your own model; export that with Keras",
}


def exported(item: Item, algorithm: str) -> ItemModel:
    """The model of ``item`` by ``algorithm``, checked.

    Raises ConnectorError, with the nearest that can be exported, where it cannot.
    """
    names = {name.lower(): name for name in (*EXPORTABLE, *ALGORITHMS)}
    name = names.get(algorithm.lower(), "")
    if name in LOCAL:
        model = local_model(item, name)
    elif name in AUTO_PARTS:
        model = AUTO_PARTS[name](item)
    elif name in REFUSED:
        raise ConnectorError(f"{name} cannot be exported: {REFUSED[name]}; {NEAREST}")
    else:
        raise ConnectorError(
            f"there is no algorithm {algorithm!r} to export: choose from {', '.join(EXPORTABLE)}"
        )
    model.check()
    return model
