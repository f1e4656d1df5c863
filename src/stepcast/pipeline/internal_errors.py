"""Reports bugs in Stepcast with the information needed to find them."""

import functools
import traceback
from collections.abc import Callable
from importlib.metadata import version
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from stepcast.pipeline.errors import InternalError
from stepcast.pipeline.run import Run, ShardRun

if TYPE_CHECKING:  # functions without the engine also import this
    from stepcast.engine.panel import Panel

__all__ = ["each_series", "internal", "step"]

P = ParamSpec("P")
R = TypeVar("R")

# Errors that indicate a bug. Failures of S3, the disk or the input have other classes.
DEFECTS = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    NameError,
    RuntimeError,
    TypeError,
    ValueError,
)


def step(function: Callable[P, R]) -> Callable[P, R]:
    """Wrap a step so that a bug raises InternalError."""
    name = "".join(part.capitalize() for part in function.__name__.split("_"))

    @functools.wraps(function)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return function(*args, **kwargs)
        except Exception as error:
            run = args[0] if args and isinstance(args[0], Run) else None
            if (said := internal(error, name, run)) is error:
                raise
            raise said from error

    return guarded


def internal(error: Exception, name: str, run: Run | None) -> Exception:
    """``error`` unchanged, or a reportable InternalError if it indicates a bug."""
    if not isinstance(error, DEFECTS) or isinstance(error, InternalError):
        return error
    here = traceback.extract_tb(error.__traceback__)[-1:]
    place = "".join(f" at {line.filename.rpartition('/')[2]}:{line.lineno} in {line.name}" for line in here)
    where = ""
    if run is not None:
        shard = f", shard {run.shard}" if isinstance(run, ShardRun) else ""
        where = f" in run {run.run} of vintage {run.vintage}{shard}"
    where += "".join(f", {note}" for note in getattr(error, "__notes__", ()))
    return InternalError(name, where, f"{type(error).__name__}: {error}{place}", version("stepcast"))


def each_series(panel: "Panel", work: Callable[["Panel"], R]) -> R:
    """``work`` applied to the panel; a bug that a single series triggers is noted with the item's name.

    The series is found by bisection, which takes about as long as the work itself.
    """
    try:
        return work(panel)
    except DEFECTS as error:
        if (item := _culprit(panel, work)) is not None:
            error.add_note(f"item {item!r}")
        raise


def _culprit(panel: "Panel", work: Callable[["Panel"], object]) -> str | None:
    places = list(range(len(panel)))
    while len(places) > 1:
        half = len(places) // 2
        places = next((part for part in (places[:half], places[half:]) if _fails(panel.take(part), work)), [])
    return panel.ids[places[0]] if places and _fails(panel.take(places), work) else None


def _fails(panel: "Panel", work: Callable[["Panel"], object]) -> bool:
    try:
        work(panel)
    except DEFECTS:
        return True
    return False
