"""The network of an algorithm: what all of them can do, and which one it is."""

from collections.abc import Hashable
from typing import Protocol

import numpy as np

from stepcast.engine.arrays import Floats, Integers
from stepcast.engine.neural.arrays import Array, Weights
from stepcast.engine.neural.deep_ar import DeepAR
from stepcast.engine.neural.quantile_network import QuantileNetwork
from stepcast.engine.neural.shape import Shape
from stepcast.engine.neural.windows import STATIC, Columns
from stepcast.engine.training_parameters import Settings

__all__ = ["Network", "network_of"]

CNN_CELLS, HIDDEN = 32, 64


class Network(Hashable, Protocol):
    """``forecast`` gives quantiles and, last, the mean (batch, horizon, PROBABILITIES + 1)."""

    @property
    def shape(self) -> Shape: ...
    @property
    def cost(self) -> float: ...
    def weights(self, seed: int) -> dict[str, Array]: ...
    def loss(self, weights: Weights, columns: Columns, rows: Array, origins: Array) -> Array: ...
    def forecast(
        self, weights: Weights, columns: Columns, rows: Integers, origins: Integers, seeds: Integers
    ) -> Floats: ...


def network_of(
    algorithm: str, settings: Settings, shape: Shape, own: int, shared: int, categories: tuple[int, ...]
) -> Network:
    """``own`` and ``shared`` features of a period, ``categories`` of each attribute."""
    if algorithm == "Deep_AR_Plus":
        return DeepAR(
            shape=shape,
            likelihood=str(settings["likelihood"]),
            cells=int(settings["num_cells"]),
            layers=int(settings["num_layers"]),
            features=own + shared,
            static_features=STATIC,
            categories=categories,
        )
    convolutions = algorithm == "CNN-QR"
    return QuantileNetwork(
        shape=shape,
        encoder="convolutions" if convolutions else "lstm",
        cells=CNN_CELLS if convolutions else int(settings["num_cells"]),
        layers=int(np.log2(shape.context)) if convolutions else int(settings["num_layers"]),
        hidden=HIDDEN,
        features=own + shared,
        static_features=STATIC,
        categories=categories,
        mean_is_median=convolutions,
    )
