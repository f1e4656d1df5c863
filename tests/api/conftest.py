"""An emulated account, for comparison with the steps of a run."""

from tests.pipeline.steps.conftest import account

__all__ = ["account"]
