"""Names of functions: TrainPredictor, TrainPredictorFunction and train_predictor mean the same."""

import difflib
import re
from collections.abc import Iterable

from stepcast.cli.failure import Failure

__all__ = ["find_function", "key", "short", "snake"]


def find_function(name: str, logical_ids: Iterable[str]) -> str:
    """The logical id for ``name``; Failure with the list of functions.

    >>> find_function("train_predictor", ["ExportFunction", "TrainPredictorFunction"])
    'TrainPredictorFunction'
    """
    known = {key(one): one for one in logical_ids}
    if (found := known.get(key(name))) is not None:
        return found
    close = difflib.get_close_matches(key(name), known, n=1, cutoff=0.5)
    hint = f"did you mean {short(known[close[0]])}? " if close else ""
    raise Failure(f"there is no function {name!r}: {hint}Functions: {', '.join(map(short, known.values()))}")


def short(logical_id: str) -> str:
    """The name of the state: ``TrainPredictor``."""
    return logical_id.removesuffix("Function")


def snake(logical_id: str) -> str:
    """The name of its folder and its event file.

    >>> snake("TrainPredictorFunction")
    'train_predictor'
    """
    return re.sub(r"(?<!^)(?=[A-Z])", "_", short(logical_id)).lower()


def key(name: str) -> str:
    """The common form of all spellings of a name."""
    return name.replace("_", "").replace("-", "").lower().removeprefix("stepcast").removesuffix("function")
