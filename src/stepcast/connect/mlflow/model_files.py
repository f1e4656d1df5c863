"""What an MLflow model of a predictor consists of beside its data: signature, requirements, code."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from re import match
from tempfile import TemporaryDirectory
from typing import Any

import stepcast
from stepcast.connect.mlflow.kept_predictor import KeptPredictor
from stepcast.pipeline.tables import wide_columns

__all__ = ["code_of_stepcast", "pinned_requirements", "signature"]

# Folders that forecasting does not import; each file would be one more request to the server.
LEFT_OUT = ("__pycache__", "api", "cli", "console", "importing", "kafka", "project", "service", "steps")


def signature(kept: KeptPredictor) -> Any:
    """Series keys in, the export's columns out; ``horizon`` and ``quantiles`` as parameters."""
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, DataType, ParamSchema, ParamSpec, Schema

    kinds = {"string": DataType.string, "double": DataType.double}
    quantiles = list(kept.task.quantiles)
    parameters = [ParamSpec("horizon", DataType.long, kept.task.horizon)]
    if quantiles:
        parameters.append(ParamSpec("quantiles", DataType.double, quantiles, shape=(-1,)))
    return ModelSignature(
        inputs=Schema([ColSpec(DataType.string, name, required=False) for name in kept.key_names]),
        outputs=Schema([ColSpec(kinds[kind], name) for name, kind in wide_columns(kept.params).items()]),
        params=ParamSchema(parameters),
    )


def pinned_requirements(kept: KeptPredictor) -> list[str]:
    """The packages that forecasting imports, pinned to the installed versions."""
    names = ["mlflow", "pydantic"]
    if kept.task.algorithm == "Prophet":
        names.append("prophet")
    found = (match(r"""([\w.-]+).*;\s*extra == ['"]engine['"]$""", one) for one in requires("stepcast") or ())
    names += [one[1] for one in found if one]
    return [f"{name}=={version(name)}" for name in names if _is_installed(name)]


def _is_installed(name: str) -> bool:
    try:
        version(name)
    except PackageNotFoundError:
        return False
    return True


@contextmanager
def code_of_stepcast() -> Iterator[list[str]]:
    """A copy of Stepcast to store with the model: later upgrades do not change its forecasts."""
    with TemporaryDirectory() as scratch:
        copy = Path(scratch) / "stepcast"
        source = Path(stepcast.__file__).parent
        shutil.copytree(source, copy, ignore=shutil.ignore_patterns(*LEFT_OUT))
        yield [str(copy)]
