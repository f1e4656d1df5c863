"""Small Keras models, as the bytes of the files that they are saved in."""

import json
import os
import tempfile
import warnings
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import numpy as np
import pytest

os.environ["KERAS_BACKEND"] = "jax"
keras = pytest.importorskip("keras", reason="Keras is not here: pip install 'stepcast[keras]'")

__all__ = ["echo", "keras", "persistence", "quantile_net", "rewritten", "saved"]


def saved(model: Any) -> bytes:
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Keras' own
        path = Path(folder) / "model.keras"
        model.save(path)
        return path.read_bytes()


def persistence(context: int = 1, weight: float = 1.0) -> bytes:
    """Not compiled: ``weight`` times the last value, for one period."""
    flat = [keras.layers.Flatten(), keras.layers.Dense(1, use_bias=False)]
    model = keras.Sequential([keras.Input((context, 1)), *flat])
    model.layers[-1].set_weights([np.array([[0.0]] * (context - 1) + [[weight]])])
    return saved(model)


def quantile_net(context: int, features: int, horizon: int, given: int, quantiles: int = 3) -> bytes:
    """Compiled without a loss; it is given ``given`` numbers of each period of the horizon."""
    past, ahead = keras.Input((context, features)), keras.Input((horizon, given))
    state = keras.layers.Dense(4)(keras.layers.Flatten()(past))
    known = keras.layers.Dense(quantiles)(ahead)
    own = keras.layers.Reshape((horizon, quantiles))(keras.layers.Dense(horizon * quantiles)(state))
    model = keras.Model([past, ahead], keras.layers.Add()([own, known]))
    model.compile(optimizer=keras.optimizers.Adam(0.01))
    return saved(model)


def echo(horizon: int, given: int) -> bytes:
    """Not compiled: forecasts the first number that it is given of each period of the horizon."""
    past, ahead = keras.Input((1, 1)), keras.Input((horizon, given))
    nothing = keras.layers.Dense(horizon, kernel_initializer="zeros")(keras.layers.Flatten()(past))
    model = keras.Model([past, ahead], keras.ops.add(nothing, ahead[..., 0]))
    return saved(model)


def rewritten(file: bytes, **changes: Any) -> bytes:
    """The file with its first layer but the input changed so, as nobody would save it."""
    with ZipFile(BytesIO(file)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    config = json.loads(parts["config.json"])
    config["config"]["layers"][1] |= changes
    parts["config.json"] = json.dumps(config).encode()
    made = BytesIO()
    with ZipFile(made, "w") as archive:
        for name, body in parts.items():
            archive.writestr(name, body)
    return made.getvalue()
