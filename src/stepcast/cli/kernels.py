"""Compiles the forecasting kernels before they are needed, and reports progress."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from stepcast.engine.kernel_stamp import is_compiled

__all__ = ["NEED_KERNELS", "compile_kernels", "compile_kernels_aside", "names_an_algorithm"]

NEED_KERNELS = ("FitSharedFunction", "TrainPredictorFunction", "ForecastFunction")
Say = Callable[[str], None]


def names_an_algorithm(params: bytes) -> bool:
    """Whether params.json names an algorithm, which needs no kernels."""
    try:
        return bool(json.loads(params)["Predictor"].get("AlgorithmArn"))
    except (ValueError, LookupError, TypeError, AttributeError):
        return False  # CreateDataset reports what is wrong with it


def compile_kernels(say: Say) -> None:
    """Wait until they are compiled; return immediately if they are. A step would encounter any error too."""
    if is_compiled():
        return
    with _compiling() as process:
        _tell(process, say)


@contextmanager
def compile_kernels_aside(say: Say) -> Iterator[None]:
    """Compile them in the background while the context lasts."""
    if is_compiled():
        yield
        return
    with _compiling() as process:
        telling = threading.Thread(target=_tell, args=(process, say), name="kernels", daemon=True)
        telling.start()
        try:
            yield
        finally:
            process.kill()
            telling.join()


@contextmanager
def _compiling() -> Iterator["subprocess.Popen[str]"]:
    """A process that compiles; leaving the context ends it."""
    # As in a worker, whose environment lacks these, so that numba looks in the same place.
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("NUMBA_") and name != "XDG_CACHE_HOME"
    }
    with subprocess.Popen(
        [sys.executable, "-m", "stepcast.engine.auto", "--progress"],
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
        start_new_session=True,  # this process handles Ctrl-C
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def _tell(process: "subprocess.Popen[str]", say: Say) -> None:
    """Report progress at the first kernel, at every fifth, and when all are compiled."""
    assert process.stdout is not None  # noqa: S101 - asked for above
    told = 0
    for line in process.stdout:
        begun, total = map(int, line.split())
        if begun > told and (begun % 5 == 1 or begun == total):
            told = begun
            say(f"compiling the forecasting kernels, once per machine: {begun} of {total}")
    if told and process.wait() == 0:
        say("the forecasting kernels are compiled")
