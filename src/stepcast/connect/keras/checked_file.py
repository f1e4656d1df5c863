"""Whether a ``.keras`` file consists of Keras' own layers only, looked at before Keras loads it.

Keras' safe mode refuses code inside the file. This refuses more, and says how to save the model instead:
classes that are not Keras', which would have to be imported, layers that load something else, and layers of
other frameworks.
"""

import io
import json
from collections.abc import Iterator
from typing import Any
from zipfile import BadZipFile, ZipFile

from stepcast.engine.errors import UnusableModel

__all__ = ["NAME", "check_file"]

NAME = "Keras"
CONFIG, PARTS = "config.json", {"config.json", "metadata.json", "model.weights.h5"}
LARGEST = 512 * 1024 * 1024  # bytes, unpacked: a function has 2 GB of memory
MODULES = {
    "keras",
    "keras.activations",
    "keras.constraints",
    "keras.initializers",
    "keras.layers",
    "keras.losses",
    "keras.metrics",
    "keras.optimizers",
    "keras.optimizers.schedules",
    "keras.regularizers",
    "keras.src.models.functional",
    "keras.src.models.sequential",
    "builtins",  # what names a loss or metric of Keras'
}
OPERATIONS = "keras.src.ops."  # keras.ops, used as layers
DATA = {"__bytes__", "__ellipsis__", "__keras_tensor__", "__numpy__", "__slice__", "__tensor__"}  # arguments
OTHER_FRAMEWORKS = {"FlaxLayer", "JaxLayer", "TFSMLayer", "TorchModuleWrapper"}
PLAIN = (
    "build it of Keras' own layers with keras.Sequential or keras.Model(inputs, outputs), and save it again"
)


def check_file(file: bytes) -> None:
    """Raises UnusableModel with the reason, and how to save the model instead."""
    for part in _parts(_config(file)):
        name, module = str(part["class_name"]), part.get("module")
        if name == "Lambda" or name == "__lambda__":
            what = f"it has a Lambda layer{_named(part)}, which is Python code inside the file"
            raise UnusableModel(NAME, what, "use keras.ops or a layer of Keras' own instead")
        if name in OTHER_FRAMEWORKS:
            raise UnusableModel(
                NAME, f"its layer{_named(part)} is a {name}, code of another framework", PLAIN
            )
        if module is None and name in DATA:
            continue
        if not isinstance(module, str) or not (module in MODULES or module.startswith(OPERATIONS)):
            what = f"it needs {name}{f' of {module}' if module else ''}, which is not part of Keras"
            raise UnusableModel(NAME, what, PLAIN)


def _config(file: bytes) -> Any:
    try:
        with ZipFile(io.BytesIO(file)) as archive:
            infos = archive.infolist()
            if CONFIG not in archive.namelist():
                raise BadZipFile
            more = sorted({info.filename for info in infos} - PARTS)
            if more:
                what = f"the file holds {more[0]}, which is loaded beside the weights"
                raise UnusableModel(
                    NAME, what, "leave out layers with files of their own, such as vocabularies"
                )
            if sum(info.file_size for info in infos) > LARGEST:
                what = f"it has more than {LARGEST >> 20} MB unpacked"
                raise UnusableModel(NAME, what, "use fewer units or layers")
            return json.loads(archive.read(CONFIG))
    except (BadZipFile, ValueError):
        remedy = "save it with model.save('NAME.keras'); .h5 files and folders are not read"
        raise UnusableModel(NAME, "the file is no .keras archive", remedy) from None


def _parts(value: Any) -> Iterator[dict[str, Any]]:
    """Every object that Keras would make, outermost first."""
    if isinstance(value, dict):
        if "class_name" in value:
            yield value
        for inner in value.values():
            yield from _parts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _parts(inner)


def _named(part: dict[str, Any]) -> str:
    config = part.get("config")
    name = config.get("name") if isinstance(config, dict) else part.get("name")
    return f" {name!r}" if name else ""
