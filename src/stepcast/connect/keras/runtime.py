"""Keras models as the engine runs them: see stepcast.engine.own_model.runtime, whose functions these are."""

import os
import tempfile
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from stepcast.connect.keras.checked_file import NAME, check_file
from stepcast.engine.errors import UnusableModel
from stepcast.engine.neural.compilation import configure
from stepcast.engine.own_model.runtime import Predict, Report, Signature

if TYPE_CHECKING:
    from stepcast.engine.arrays import Floats
    from stepcast.engine.own_model.examples import Examples

os.environ["KERAS_BACKEND"] = "jax"  # what the networks by name are trained with, too
configure()  # a missing JAX is reported by its own name
import keras  # noqa: E402  # which reads both

__all__ = ["inspect", "open", "trainer"]

TOGETHER = 64  # windows that are forecast at once: always as many, so that sums are the same in every shard


def inspect(file: bytes) -> Signature:
    """The shapes of the model in ``file``."""
    model = _loaded(file)
    if not getattr(model, "inputs", None):
        remedy = "begin with keras.Input((context, features)), and save it again"
        raise UnusableModel(NAME, "it was saved before the shape of its input was known", remedy)
    if any(isinstance(getattr(model, side, None), dict) for side in ("input", "output")):
        raise UnusableModel(
            NAME, "its inputs or outputs are named", "use keras.Model([first, second], output)"
        )
    inputs = [tuple(tensor.shape[1:]) for tensor in model.inputs]
    outputs = [tuple(tensor.shape[1:]) for tensor in model.outputs]
    if len(outputs) != 1 or not 1 <= len(outputs[0]) <= 2 or None in outputs[0]:
        what = f"its output is {_shapes(outputs)}"
        raise UnusableModel(NAME, what, "it should be (horizon, quantiles), or (horizon) of a point forecast")
    if not 1 <= len(inputs) <= 2 or not 1 <= len(inputs[0]) <= 2 or None in inputs[0][1:]:
        what = f"its input is {_shapes(inputs)}"
        remedy = "it should be (context, features), and after it may come (horizon, features)"
        raise UnusableModel(NAME, what, remedy)
    horizon, count = (*outputs[0], 1)[:2]
    if len(inputs) == 2 and (len(inputs[1]) != 2 or inputs[1][0] != horizon or inputs[1][1] is None):
        what = f"its second input is {_shapes(inputs[1:])}"
        raise UnusableModel(NAME, what, f"it should be (horizon, features): ({horizon}, ...)")
    context, features = (*inputs[0], 1)[:2]
    future = inputs[1][1] if len(inputs) == 2 else None
    return Signature(context, features, horizon, count, future, bool(model.compiled))


def open(file: bytes) -> Predict:  # the name in the protocol
    """The forecasts of the model in ``file``."""
    return _predicting(_loaded(file))


def trainer(file: bytes, quantiles: Sequence[float], seed: int) -> "KerasTrainer":
    """Trains with the optimizer and loss that the model was compiled with.

    One compiled without a loss gets the quantile loss or, forecasting points, the squared error.
    """
    keras.utils.set_random_seed(seed)
    model = _loaded(file)
    if not model.loss:
        count = model.output_shape[2] if len(model.output_shape) == 3 else 1
        model.compile(optimizer=model.optimizer, loss=_pinball(quantiles) if count > 1 else "mse")
    return KerasTrainer(model)


class KerasTrainer:
    """A model while it is trained."""

    def __init__(self, model: Any) -> None:
        self._model = model
        self.predict = _predicting(model)

    def fit(
        self,
        examples: "Examples",
        held: "Examples | None",
        epochs: int,
        batch: int,
        patience: int,
        report: Report,
    ) -> int:
        """Train, as Trainer has it."""
        stopping = keras.callbacks.EarlyStopping(
            monitor="val_loss" if held is not None else "loss",
            patience=patience if held is not None else epochs,
            restore_best_weights=held is not None,
        )
        self._model.fit(
            _inputs(self._model, examples.context, examples.future),
            self._targets(examples),
            epochs=epochs,
            batch_size=batch,
            validation_data=held and (_inputs(self._model, held.context, held.future), self._targets(held)),
            callbacks=[_Reporting(report), stopping],
            verbose=0,
        )
        return int(stopping.best_epoch) + 1 if held is not None else epochs

    def file(self) -> bytes:
        """The model as it is now, without optimizer and loss: it is not trained again."""
        bare = keras.Model(self._model.inputs, self._model.outputs)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "model.keras"
            bare.save(path)
            return path.read_bytes()

    def _targets(self, examples: "Examples") -> "Floats":
        shape = self._model.output_shape
        outcome = examples.outcome.astype("f4")
        return np.repeat(outcome[..., None], shape[2], axis=2) if len(shape) == 3 else outcome


class _Reporting(keras.callbacks.Callback):  # type: ignore[misc]  # Keras has no types
    def __init__(self, report: Report) -> None:
        super().__init__()
        self._report = report

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        losses = logs or {}
        if not np.isfinite([losses["loss"], losses.get("val_loss", 0.0)]).all():
            what = f"its loss is not a number after epoch {epoch + 1}"
            raise UnusableModel(NAME, what, "compile it with a lower learning rate, or with clipnorm=1.0")
        self._report(epoch + 1, float(losses["loss"]), losses.get("val_loss"))


def _loaded(file: bytes) -> Any:
    check_file(file)
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        # An optimizer of a model that was never trained has no state yet, which Keras warns of.
        warnings.filterwarnings("ignore", message="Skipping variable loading for optimizer")
        path = Path(folder) / "model.keras"
        path.write_bytes(file)
        try:
            return keras.saving.load_model(path, custom_objects=None, compile=True, safe_mode=True)
        except Exception as error:  # whatever is wrong with the file
            why = " ".join(str(error).split())[:300]
            remedy = f"save it with Keras {keras.__version__} or earlier"
            raise UnusableModel(NAME, f"Keras {keras.__version__} cannot load it ({why})", remedy) from error


def _predicting(model: Any) -> Predict:
    def predict(context: "Floats", future: "Floats | None") -> "Floats":
        count = len(context)
        padded = np.resize(np.arange(count), -(-count // TOGETHER) * TOGETHER) if count else np.arange(0)
        given = _inputs(model, context[padded], None if future is None else future[padded])
        if not count:
            return np.empty((0, *(*model.output_shape[1:], 1)[:2]))
        told = np.asarray(model.predict(given, batch_size=TOGETHER, verbose=0))[:count]
        return told.reshape(count, told.shape[1], -1)

    return predict


def _inputs(model: Any, context: "Floats", future: "Floats | None") -> Any:
    if len(model.inputs[0].shape) == 2:  # (context,) of values alone
        context = context[..., 0]
    return context if future is None else [context, future]


def _pinball(quantiles: Sequence[float]) -> Any:
    levels = np.array(quantiles, "f4")

    def loss(actual: Any, predicted: Any) -> Any:
        short = actual - predicted
        return keras.ops.mean(keras.ops.maximum(levels * short, (levels - 1) * short), axis=-1)

    return loss


def _shapes(shapes: Sequence[tuple[int | None, ...]]) -> str:
    return " and ".join(str(shape) for shape in shapes) or "nothing"
