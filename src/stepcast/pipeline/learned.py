"""What training and forecasting hand on between functions: named arrays in one .npz file."""

import io
import json
from collections.abc import Sequence
from dataclasses import asdict, fields
from typing import Any

import numpy as np

from stepcast.engine.backtest import Backtest
from stepcast.engine.results import Explanation, Forecast, Trained

__all__ = ["dump_forecast", "dump_trained", "load_forecast", "load_trained"]


def dump_trained(trained: Trained) -> bytes:
    backtest = trained.backtest
    tables = {} if trained.tables is None else {"tables": trained.tables}
    return _dump(
        models=trained.models,
        explanations=_text(trained.explanations),
        coverage=trained.coverage,
        starts=backtest.starts,
        actual=backtest.actual,
        predicted=backtest.predicted,
        scale=backtest.scale,
        season=backtest.season,
        whole=backtest.whole,
        **tables,
    )


def load_trained(body: bytes) -> Trained:
    arrays = _load(body)
    return Trained(
        models=tuple(arrays["models"].tolist()),
        backtest=Backtest(**{field.name: arrays[field.name] for field in fields(Backtest)}),
        explanations=_explanations(arrays["explanations"]),
        coverage=arrays["coverage"],
        tables=arrays.get("tables"),
    )


def dump_forecast(forecast: Forecast) -> bytes:
    explanations = _text(forecast.explanations)
    return _dump(values=forecast.values, models=forecast.models, explanations=explanations)


def load_forecast(body: bytes) -> Forecast:
    arrays = _load(body)
    explanations = _explanations(arrays["explanations"])
    return Forecast(arrays["values"], tuple(arrays["models"].tolist()), explanations)


def _text(explanations: Sequence[Explanation]) -> str:
    return json.dumps([asdict(explanation) for explanation in explanations])


def _explanations(text: Any) -> tuple[Explanation, ...]:
    return tuple(
        Explanation(**{name: _frozen(value) for name, value in row.items()}) for row in json.loads(str(text))
    )


def _frozen(value: Any) -> Any:
    """JSON knows lists only; explanations are made of tuples."""
    return tuple(map(_frozen, value)) if isinstance(value, list) else value


def _dump(**arrays: Any) -> bytes:
    buffer = io.BytesIO()
    plain: dict[str, Any] = {name: np.asarray(array) for name, array in arrays.items()}
    np.savez_compressed(buffer, **plain)
    return buffer.getvalue()


def _load(body: bytes) -> dict[str, Any]:
    with np.load(io.BytesIO(body), allow_pickle=False) as arrays:
        return dict(arrays)
