"""The training parameters of the models that are fitted to each series by itself. All are text to text.

Read without NumPy: the functions that check params.json have none. Those of NPTS are the service's, and their
limits here are those of tuning; ETS and ARIMA take none there, so theirs are ours.
"""

from collections.abc import Mapping
from types import MappingProxyType

from stepcast.engine.training_parameters import AUTOMATIC, Parameter, read_one

__all__ = ["MODEL_PARAMETERS", "given_of"]

CONTEXT = Parameter(AUTOMATIC, int, 10, 100_000)

MODEL_PARAMETERS: Mapping[str, Mapping[str, Parameter]] = MappingProxyType(
    {
        "NPTS": {
            "kernel_type": Parameter("exponential", str, choices=("exponential", "uniform")),
            "exp_kernel_weights": Parameter("0.01", float, 1e-9, 1e3),
            "use_seasonal_model": Parameter("true", str, choices=("true", "false")),
            "use_default_time_features": Parameter("true", str, choices=("true", "false")),
            "context_length": Parameter(AUTOMATIC, int, 1, 100_000),
        },
        "ETS": {
            "error": Parameter(AUTOMATIC, str, choices=(AUTOMATIC, "additive", "multiplicative")),
            "trend": Parameter(AUTOMATIC, str, choices=(AUTOMATIC, "none", "damped")),
            "seasonal": Parameter(AUTOMATIC, str, choices=(AUTOMATIC, "none", "always")),
            "context_length": CONTEXT,
        },
        "ARIMA": {
            "p": Parameter(AUTOMATIC, int, 0, 3),
            "d": Parameter(AUTOMATIC, int, 0, 2),
            "q": Parameter(AUTOMATIC, int, 0, 3),
            "context_length": CONTEXT,
        },
    }
)


def given_of(model: str, parameters: Mapping[str, str]) -> dict[str, int | float | str]:
    """The parameters of ``model`` that are not left to the data, read. BadParameter names a wrong one.

    >>> given_of("ARIMA", {"p": "2", "q": "automatic"})
    {'p': 2}
    """
    texts = {key: parameters.get(key, AUTOMATIC).strip() for key in MODEL_PARAMETERS[model]}
    return {
        key: read_one(key, MODEL_PARAMETERS[model][key], text)
        for key, text in texts.items()
        if text != AUTOMATIC
    }
