"""The training parameters of a model of the user's own, read without NumPy like those of networks by name."""

from collections.abc import Mapping
from types import MappingProxyType

from stepcast.engine.errors import BadParameter
from stepcast.engine.neural.parameters import SEED
from stepcast.engine.training_parameters import AUTOMATIC, Parameter, Settings, read_all

__all__ = ["MODEL", "OWN_MODELS", "settings_of", "wrong_model"]

MODEL = "model"  # the parameter that names the file
ENDINGS: Mapping[str, str] = MappingProxyType({"Keras": ".keras"})
FOLDER = "models/"

OWN_MODELS: Mapping[str, Mapping[str, Parameter]] = MappingProxyType(
    {
        "Keras": {
            "epochs": Parameter(AUTOMATIC, int, 0, 1_000),
            "batch_size": Parameter("32", int, 1, 4_096),
            "context_length": Parameter(AUTOMATIC, int, 1, 1_000),
            "scaling": Parameter("window", str, choices=("window", "min_max", "none")),
            "train_share": Parameter("0.8", float, 0.5, 0.95),
            "seed": SEED,
        },
    }
)


def wrong_model(algorithm: str, key: str) -> str:
    """What to write instead of ``key``, the name of a model's file in the bucket; "" if nothing."""
    ending = ENDINGS[algorithm]
    if key.startswith(FOLDER) and key.endswith(ending) and len(key) > len(FOLDER + ending):
        return ""
    return f"write the key of a file under {FOLDER} that ends in {ending}, such as {FOLDER}lstm{ending}"


def settings_of(algorithm: str, given: Mapping[str, str]) -> Settings:
    """Every parameter but ``model``, read; AUTOMATIC where the model decides.

    BadParameter names what is wrong.

    >>> settings_of("Keras", {"model": "models/a.keras", "epochs": "20"})["epochs"]
    20
    """
    if wrong := wrong_model(algorithm, given.get(MODEL, "")):
        raise BadParameter(MODEL, given.get(MODEL, ""), wrong)
    return read_all(algorithm, OWN_MODELS[algorithm], given, MODEL)
