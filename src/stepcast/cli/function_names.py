"""Names of functions: TrainPredictor, TrainPredictorFunction and train_predictor mean the same."""

import difflib
import re
from collections.abc import Iterable

from stepcast.cli.failure import Failure

__all__ = ["complete", "find_function", "short", "snake"]


def find_function(name: str, logical_ids: Iterable[str]) -> str:
    """The logical id for ``name``; Failure with the list of functions.

    >>> find_function("train_predictor", ["ExportFunction", "TrainPredictorFunction"])
    'TrainPredictorFunction'
    """
    known = {_key(one): one for one in logical_ids}
    if (found := known.get(_key(name))) is not None:
        return found
    close = difflib.get_close_matches(_key(name), known, n=1, cutoff=0.5)
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


def complete(incomplete: str) -> list[str]:
    """The names for shell completion, from the template, because no stack may be running."""
    from stepcast.cli.project import Project

    try:
        functions = Project.find().functions()
    except (Failure, OSError):
        return []
    return [short(name) for name in functions if _key(name).startswith(_key(incomplete))]


def _key(name: str) -> str:
    return name.replace("_", "").replace("-", "").lower().removeprefix("stepcast").removesuffix("function")
