"""Keras: a saved model as the algorithm ``Keras``."""

from stepcast.engine.own_model.runtime import register as _register

__all__ = ["register"]


def register() -> None:
    """Let the engine run Keras models in this process; Keras is imported when one is first run."""
    _register("Keras", "stepcast.connect.keras.runtime")
