"""The training parameters of the neural algorithms: Amazon Forecast's names, defaults and ranges.

Read without NumPy: the functions that check params.json have none.
Source: Amazon Forecast developer guide, CNN-QR and DeepAR+; what DescribePredictor answers for the defaults.
``seed`` is ours, and LSTM with all of its parameters.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from stepcast.engine.errors import BadParameter
from stepcast.engine.training_parameters import AUTOMATIC, Parameter, Settings, read_all

__all__ = ["NEURAL", "SEED", "settings_of"]


def _whole(default: str, low: int, high: int) -> Parameter:
    return Parameter(default, int, low, high)


def _number(default: str, low: float, high: float) -> Parameter:
    return Parameter(default, float, low, high)


def _choice(*choices: str) -> Parameter:
    return Parameter(choices[0], str, choices=choices)


CONTEXT = _whole(AUTOMATIC, 1, 1_000)
SEED = _whole("0", 0, 2**31 - 1)
RELATED = _choice("ALL", "HISTORICAL", "FORWARD_LOOKING", "NONE")
METADATA = _choice("ALL", "NONE")

NEURAL: Mapping[str, Mapping[str, Parameter]] = MappingProxyType(
    {
        "CNN-QR": {
            "context_length": CONTEXT,
            "epochs": _whole("100", 1, 1_000),
            "use_related_data": RELATED,
            "use_item_metadata": METADATA,
            "seed": SEED,
        },
        "Deep_AR_Plus": {
            "context_length": CONTEXT,
            "epochs": _whole("500", 1, 1_000),
            "learning_rate": _number("0.001", 1e-4, 0.1),
            "learning_rate_decay": _number("0.5", 0.1, 1.0),
            "likelihood": _choice("student-T", "gaussian", "negative-binomial", "beta", "deterministic-L1"),
            "max_learning_rate_decays": _whole("0", 0, 10),
            "num_averaged_models": _whole("1", 1, 5),
            "num_cells": _whole("40", 8, 200),
            "num_layers": _whole("2", 1, 4),
            "prediction_length": _whole(AUTOMATIC, 1, 500),
            "seed": SEED,
        },
        "LSTM": {
            "look_back": CONTEXT,
            "epochs": _whole("100", 1, 1_000),
            "learning_rate": _number("0.003", 1e-4, 0.1),
            "num_cells": _whole("64", 8, 200),
            "num_layers": _whole("1", 1, 4),
            "use_related_data": RELATED,
            "use_item_metadata": METADATA,
            "seed": SEED,
        },
    }
)
ONLY: Mapping[str, Callable[[int | float | str, int], str]] = MappingProxyType(
    {"prediction_length": lambda value, horizon: "" if value == horizon else f"write {horizon}, the horizon"}
)


def settings_of(algorithm: str, given: Mapping[str, str], horizon: int) -> Settings:
    """Every parameter of ``algorithm``, read; AUTOMATIC where the data decide.

    BadParameter names what is wrong.

    >>> settings_of("CNN-QR", {"epochs": "20"}, 28)["epochs"]
    20
    """
    settings = read_all(algorithm, NEURAL[algorithm], given)
    for key, check in ONLY.items():
        value = settings.get(key, AUTOMATIC)
        if value != AUTOMATIC and (wrong := check(value, horizon)):
            raise BadParameter(key, given[key], wrong)
    return settings
