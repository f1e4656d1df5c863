"""Statsmodels without its warnings."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module

__all__ = ["quiet"]


@contextmanager
def quiet() -> Iterator[None]:
    """No warning leaves this block.

    What they would report is known anyway: a search that stops early has a worse likelihood, which AICc takes
    into account, and what is not finite is refused.
    """
    # At its import statsmodels puts filters of its own in front, so it must come first. It takes a second.
    import_module("statsmodels.tools.sm_exceptions")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
