"""Loading the predictor or the model that an order names."""

import importlib
import sys
from pathlib import Path
from typing import Any

from stepcast.connect.errors import ConnectorError
from stepcast.connect.kafka.worker.forecaster import Forecaster
from stepcast.connect.kafka.worker.forecasting import Forecasting
from stepcast.connect.kafka.worker.learning import Learning
from stepcast.connect.kafka.worker.messages import AvroMessages, JsonMessages, Messages
from stepcast.connect.kafka.worker.order import Order
from stepcast.connect.kafka.worker.reading import read_of
from stepcast.connect.kafka.worker.work import Work

__all__ = ["work_of"]


def work_of(order: Order) -> Work:
    """Load the predictor or model of an order; ConnectorError if it is missing."""
    source = order.source
    if source.model is None:
        from stepcast.connect.kafka.worker.published import read_predictor

        return _forecasting(order, read_predictor(Path(str(source.folder))))
    made = _attribute(source.model)
    model = made() if callable(made) else made
    if hasattr(model, "series"):
        return _forecasting(order, model)
    if not callable(made):
        raise ConnectorError(
            f"--model {source.model} is not callable: name a class, or a function that returns a model; "
            "each partition gets its own"
        )
    if order.output != "json":
        raise ConnectorError(
            f"--output-format {order.output} is for forecasts: the predictions of --model {source.model} may "
            "be of any form, and are written as json"
        )
    return Learning(source.model, made, order)


def _forecasting(order: Order, forecaster: Forecaster) -> Forecasting:
    registry = order.settings.registry
    read = read_of(order.places, dict(registry))
    messages: Messages = JsonMessages(forecaster)
    if order.output == "avro":
        messages = AvroMessages(forecaster, registry, f"{order.write}-value")
    return Forecasting(order.plan, forecaster, read, messages, letters=order.letters is not None)


def _attribute(name: str) -> Any:
    """The object that ``module:attribute`` names; modules in the current folder are found too."""
    module, _, attribute = name.partition(":")
    if not module or not attribute:
        raise ConnectorError(f"--model is {name!r}: write module:attribute, such as models:Average")
    if (here := str(Path.cwd())) not in sys.path:
        sys.path.append(here)
    try:
        return getattr(importlib.import_module(module), attribute)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{module}.".startswith(f"{error.name}."):
            raise
        raise ConnectorError(f"--model {name}: there is no module {error.name} here") from None
    except AttributeError:
        raise ConnectorError(f"--model {name}: {module} has no {attribute}") from None
