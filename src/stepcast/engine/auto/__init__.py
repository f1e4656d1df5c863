"""The AutoPredictor: an ensemble that is weighed, spread and calibrated by forecasting the past.

    fit_shared(sample, task) -> Shared                 once a run, on a bounded sample of the panel
    train(panel, task, shared) -> Trained              any shard: what comes, a backtest, and why
    forecast(panel, task, trained) -> Forecast         any shard: the outputs asked for

How a series is forecast, from the inside out: transforms (as it is, logarithms, without the calendar's
effects) x members (smoothing, baselines, profiles of many cycles, a shared ridge) -> their losses at past
origins -> weights of near, middle and far steps -> quantiles of the weighted members' own past errors, at a
new level where the latest values show one -> blended with past values and shared trees, calibrated in
validation windows.
"""

from stepcast.engine.auto.predictor import AUTO, Explanation, Trained, forecast, train
from stepcast.engine.auto.shared import Shared, fit_shared
from stepcast.engine.auto.warm import warm_up

__all__ = ["AUTO", "Explanation", "Shared", "Trained", "fit_shared", "forecast", "train", "warm_up"]
