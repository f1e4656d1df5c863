"""What training and forecasting hand on between functions: named arrays in one .npz file."""

import io
from typing import Any

import numpy as np

from stepcast.engine.predictor import Backtest, Forecast, Trained

__all__ = ["dump_forecast", "dump_trained", "load_forecast", "load_trained"]


def dump_trained(trained: Trained) -> bytes:
    backtest = trained.backtest
    return _dump(
        models=trained.models,
        chosen=trained.chosen,
        scores=trained.scores,
        notes=trained.notes,
        starts=backtest.starts,
        actual=backtest.actual,
        predicted=backtest.predicted,
        scale=backtest.scale,
        season=backtest.season,
    )


def load_trained(body: bytes) -> Trained:
    arrays = _load(body)
    backtest = Backtest(*(arrays[name] for name in ("starts", "actual", "predicted", "scale", "season")))
    return Trained(
        models=tuple(arrays["models"].tolist()),
        chosen=tuple(arrays["chosen"].tolist()),
        scores=arrays["scores"],
        notes=tuple(arrays["notes"].tolist()),
        backtest=backtest,
    )


def dump_forecast(forecast: Forecast) -> bytes:
    return _dump(values=forecast.values, notes=forecast.notes, models=forecast.models)


def load_forecast(body: bytes) -> Forecast:
    arrays = _load(body)
    notes, models = tuple(arrays["notes"].tolist()), tuple(arrays["models"].tolist())
    return Forecast(values=arrays["values"], notes=notes, models=models)


def _dump(**arrays: Any) -> bytes:
    buffer = io.BytesIO()
    plain: dict[str, Any] = {name: np.asarray(array) for name, array in arrays.items()}
    np.savez_compressed(buffer, **plain)
    return buffer.getvalue()


def _load(body: bytes) -> dict[str, Any]:
    with np.load(io.BytesIO(body), allow_pickle=False) as arrays:
        return dict(arrays)
