"""Which algorithms can be exported as formulas, and why others cannot."""

from collections.abc import Mapping

import numpy as np

from stepcast.connect.errors import ConnectorError
from stepcast.connect.exchange.auto_models import ridge_model, trees_model
from stepcast.connect.exchange.item import Item
from stepcast.connect.exchange.item_model import ItemModel
from stepcast.connect.exchange.local_models import LOCAL, local_model
from stepcast.engine.algorithms import ALGORITHMS

__all__ = ["FORMULAS", "NEAREST", "exported", "spelled"]

AUTO_PARTS = {"ridge": ridge_model, "trees": trees_model}
FORMULAS = (*LOCAL, *AUTO_PARTS)
NEAREST = "export ETS, ARIMA or SeasonalNaive, or of an AutoPredictor its ridge or trees"
NETWORK = "PMML has no convolutions and no recurrent layers; use stepcast export onnx"
REFUSED: Mapping[str, str] = {
    "AutoPredictor": f"it blends dozens of members and past errors, which is no single model; {NEAREST}",
    "NPTS": f"it samples past values, which no formula of the step does; {NEAREST}",
    "Prophet": f"its quantiles are those of trends that it samples; {NEAREST}",
    "CNN-QR": NETWORK,
    "LSTM": NETWORK,
    "Deep_AR_Plus": "its quantiles are those of paths that it samples; train CNN-QR or LSTM for export onnx",
    "Keras": "it is the file of your own model; export that with Keras, by model.export",
}


def exported(item: Item, algorithm: str) -> ItemModel:
    """The model of ``item`` by ``algorithm`` as formulas.

    Raises ConnectorError, with the nearest that can be exported, where it cannot.
    """
    name = spelled(algorithm)
    if name in REFUSED:
        raise ConnectorError(f"{name} cannot be exported: {REFUSED[name]}")
    with np.errstate(all="ignore"):  # what is not finite is refused
        return local_model(item, name) if name in LOCAL else AUTO_PARTS[name](item)


def spelled(algorithm: str) -> str:
    """The name of the algorithm, however capitalized. Raises ConnectorError where there is none."""
    names = {name.lower(): name for name in (*FORMULAS, *ALGORITHMS)}
    if algorithm.lower() not in names:
        raise ConnectorError(
            f"there is no algorithm {algorithm!r} to export: choose from {', '.join(FORMULAS)}; "
            "export onnx also has CNN-QR and LSTM"
        )
    return names[algorithm.lower()]
