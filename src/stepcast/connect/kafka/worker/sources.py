"""What forecasts: found by the name that the user gives it."""

import importlib
import sys
from pathlib import Path
from typing import Any

from stepcast.connect.errors import ConnectorError
from stepcast.connect.kafka.worker.forecaster import Forecaster
from stepcast.connect.kafka.worker.order import Source

__all__ = ["forecaster_of"]


def forecaster_of(source: Source) -> Forecaster:
    """Load it; ConnectorError says what is not there."""
    if source.model is not None:
        made: Forecaster = _attribute(source.model)()
        return made
    from stepcast.connect.kafka.worker.published import read_predictor

    return read_predictor(Path(str(source.folder)))


def _attribute(name: str) -> Any:
    """What ``module:attribute`` names; modules of the current folder are found too."""
    module, _, attribute = name.partition(":")
    if not attribute:
        raise ConnectorError(f"--model is {name!r}: write module:attribute, such as models:Average")
    if (here := str(Path.cwd())) not in sys.path:
        sys.path.insert(0, here)
    try:
        return getattr(importlib.import_module(module), attribute)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{module}.".startswith(f"{error.name}."):
            raise
        raise ConnectorError(f"--model {name}: there is no module {error.name} here") from None
    except AttributeError:
        raise ConnectorError(f"--model {name}: {module} has no {attribute}") from None
