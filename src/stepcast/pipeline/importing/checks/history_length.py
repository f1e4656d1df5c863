"""Whether the history is long and dense enough for the settings in params.json."""

from stepcast.pipeline.params import Params
from stepcast.pipeline.problems import Problem, Report

__all__ = ["check_density", "check_length"]

PREDICTOR = "$.Predictor"
LARGEST_HORIZON = 500
SPARSE = 100  # periods for each one with a value


def check_length(params: Params, longest: int, report: Report) -> None:
    """V13 and V15: the horizon and the backtest against the ``longest`` series, in periods.

    Warnings: the service rejects these; here, models fall back to simpler ones if the history is too short.
    """
    predictor, frequency = params.predictor, params.frequency
    horizon, evaluation = predictor.forecast_horizon, predictor.evaluation_parameters
    limit, reason = longest // 3, "a third of that"
    if predictor.algorithm is not None:
        limit, reason = longest - 1, f"one less, for {predictor.algorithm}"
    history = f"the longest series has {longest:,} periods of {frequency}"
    if horizon > (limit := min(limit, LARGEST_HORIZON)):
        what = (
            f"ForecastHorizon is {horizon}; {history}, so Amazon Forecast allows at most {limit} ({reason})"
        )
        remedy = (
            f"Forecast at most {limit} periods, or send more history" if limit > 0 else "Send more history"
        )
        report.add(Problem("V13", "warning", what, remedy, path=f"{PREDICTOR}.ForecastHorizon"))
    windows, offset = evaluation.number_of_backtest_windows, evaluation.back_test_window_offset or horizon
    # A window needs at least one period before it to learn from.
    fitting = max(0, (longest - 1 - offset) // horizon + 1) if longest > offset else 0
    if fitting < windows:
        what = (
            f"NumberOfBacktestWindows is {windows}, of {horizon} periods each, and the last begins {offset} "
            f"before the end; {history}, which is enough for {fitting}"
        )
        remedy = "Reduce the number of windows, the offset or the horizon, or send more history"
        report.add(Problem("V15", "warning", what, remedy, path=f"{PREDICTOR}.EvaluationParameters"))
    elif 2 * offset >= longest:
        what = (
            f"BackTestWindowOffset is {offset}; {history}, and Amazon Forecast requires less than half of "
            "that"
        )
        most = (longest - 1) // 2  # and no window is shorter than the horizon
        remedy = f"Write {most} or less, or send more history"
        if most < horizon:
            remedy = "Send more history" + (f", or forecast at most {most} periods" if most > 0 else "")
        path = f"{PREDICTOR}.EvaluationParameters.BackTestWindowOffset"
        report.add(Problem("V15", "warning", what, remedy, path=path))


def check_density(params: Params, points: int, observed: int, step: int | None, report: Report) -> None:
    """V06: whether the forecast's frequency suits the timestamps.

    Of the ``points`` periods of all series, ``observed`` have a value; ``step`` is the shortest distance
    between two values of a series, in periods; None if no series has two.
    """
    path = f"{PREDICTOR}.FeaturizationConfig.ForecastFrequency"
    frequency = params.frequency
    if step is not None and step > 1:
        what = (
            f"no series has values in two consecutive periods of {frequency}; values are at least {step} "
            "periods apart"
        )
        remedy = "If the data have a longer period than the forecast, set ForecastFrequency to that period"
        report.add(Problem("V06", "warning", what, remedy, path=path))
    elif points > SPARSE * observed:
        what = f"{points - observed:,} of {points:,} periods of {frequency} have no value"
        remedy = "Check for timestamps far from the others, or choose a longer ForecastFrequency"
        report.add(Problem("V06", "warning", what, remedy, path=path))
