"""SeasonalNaive, ETS and ARIMA as formulas: fitted to the item's history again, as a forecast does."""

from collections.abc import Mapping

import numpy as np

from stepcast.connect.errors import ConnectorError
from stepcast.connect.exchange.formulas import (
    Floor,
    Formula,
    Greatest,
    Named,
    Number,
    Power,
    Product,
    Root,
    Step,
    Sum,
    Table,
)
from stepcast.connect.exchange.item import Item
from stepcast.connect.exchange.item_model import ItemModel
from stepcast.engine.arrays import Floats
from stepcast.engine.errors import CannotFit
from stepcast.engine.models import MODELS
from stepcast.engine.models.arima import fit_arima
from stepcast.engine.models.ets import ets_ahead, fit_ets
from stepcast.engine.models.ets_states import PATHS, deviation_of
from stepcast.engine.models.fitting import never_negative, past_of, settled
from stepcast.engine.models.model import Past, Prediction
from stepcast.engine.models.normal import normal_prediction
from stepcast.engine.models.seasonal_naive import last_season, seasonal_change, seasonal_naive
from stepcast.engine.task import Outputs
from stepcast.pipeline.params import output_label

__all__ = ["LOCAL", "local_model"]

# The form in words, formulas of the point forecast and of each quantile, and what the engine predicts.
Fitted = tuple[str, Named, "Spread", Prediction]
Spread = dict[float, Formula]


def local_model(item: Item, algorithm: str) -> ItemModel:
    """Raises ConnectorError where the algorithm cannot be fitted to the item."""
    task, model = item.task, MODELS[algorithm]
    parameters = task.parameters if task.algorithm == algorithm else {}
    wanted: Outputs = (*task.quantiles, "mean")
    end, frequency = item.panel.end, item.panel.frequency
    try:
        past, exponent = past_of(model, item.history, end, frequency)
        unit = float(np.ldexp(1.0, exponent))
        form, point, spread, made = LOCAL[algorithm](past, unit, task.horizon, task.quantiles, parameters)
        expected = settled(model, past, exponent, made, wanted)
    except CannotFit as refusal:
        nearest = "" if algorithm == "SeasonalNaive" else ", or export SeasonalNaive, which stands in for it"
        raise ConnectorError(
            f"item {item.name!r} cannot be exported by {algorithm}: {refusal}; send more history{nearest}"
        ) from None
    kept = never_negative(item.history, item.observed)
    expected = np.maximum(expected, 0.0) if kept else expected
    outputs: dict[str, Formula] = {}
    for output in wanted:
        formula = point if output == "mean" else spread[output]
        outputs[output_label(output)] = Greatest((formula, Number(0.0))) if kept else formula
    return ItemModel(item, algorithm, form, point, outputs, expected)


def _seasonal_naive(
    past: Past, unit: float, horizon: int, quantiles: tuple[float, ...], parameters: Mapping[str, str]
) -> Fitted:
    season = past.season
    values = last_season(past.values, season)[np.arange(horizon) % season] * unit
    point = Named("expected", "the value of the same place in the last season", Table(values))
    # Half a step back, so that no rounding decides how many whole seasons there are.
    seasons = Floor(Product((Sum((Step(), Number(-0.5))), Number(1 / season))))
    sigma = seasonal_change(past.values, season) * unit
    deviation = Named(
        "deviation",
        "the standard deviation of the forecast error: it grows with every season ahead",
        Product((Number(sigma), Root(Sum((seasons, Number(1.0)))))),
    )
    form = f"the last season of {season} periods, repeated" if season > 1 else "the last value, repeated"
    made = seasonal_naive(past, horizon, quantiles, parameters)
    return form, point, _normal(point, deviation, quantiles), made


def _ets(
    past: Past, unit: float, horizon: int, quantiles: tuple[float, ...], parameters: Mapping[str, str]
) -> Fitted:
    states, scale = fit_ets(past, parameters)
    unit, made = unit * scale, ets_ahead(states, scale, horizon, quantiles)
    form = states.form
    level: Formula = Number(states.level * unit)
    if form.damped_trend:
        # The sum of phi ** 1 to phi ** step.
        share = states.slope * unit * states.phi / (1 - states.phi)
        faded = Sum((Number(1.0), Product((Number(-1.0), Power(states.phi, Step())))))
        trend = Named(
            "trend", "how far the damped trend goes from the last level", Product((Number(share), faded))
        )
        level = Sum((level, trend))
    if form.season > 1:
        places = states.seasonal[np.arange(horizon) % form.season]
        if form.multiplicative:
            level = Product((level, Named("seasonal", "the factor of the season", Table(places))))
        else:
            level = Sum((level, Named("seasonal", "the effect of the season", Table(places * unit))))
    point = Named("expected", "the forecast before anything is cut off", level)
    kind = "multiplicative" if form.multiplicative else "additive"
    words = [f"{kind} errors", "a damped trend" if form.damped_trend else "no trend"]
    words.append(
        f"{_article(kind)} {kind} season of {form.season} periods" if form.season > 1 else "no season"
    )
    weights = [f"alpha {states.alpha:.6g}"]
    weights += [f"beta {states.beta:.6g}, phi {states.phi:.6g}"] if form.damped_trend else []
    weights += [f"gamma {states.gamma:.6g}"] if form.season > 1 else []
    described = f"{', '.join(words)}; {', '.join(weights)}"
    if form.multiplicative:
        described += f"; quantiles are those of {PATHS:,} simulated paths"
        return described, point, _simulated(made.quantiles / scale * unit, quantiles), made
    fading = np.cumsum(states.phi ** np.arange(1, horizon + 1))
    deviation = Named(
        "deviation",
        "the standard deviation of the forecast error",
        Table(deviation_of(states, fading) * unit),
    )
    return described, point, _normal(point, deviation, quantiles), made


def _simulated(table: Floats, quantiles: tuple[float, ...]) -> Spread:
    """No formula gives the quantiles of multiplicative errors: a table (horizon, quantiles) does."""
    return {
        quantile: Named(f"simulated_{output_label(quantile)}", "from simulated paths", Table(column))
        for quantile, column in zip(quantiles, np.sort(table, axis=1).T, strict=True)
    }


def _arima(
    past: Past, unit: float, horizon: int, quantiles: tuple[float, ...], parameters: Mapping[str, str]
) -> Fitted:
    found = fit_arima(past, horizon, parameters)
    unit, order = unit * found.spread, found.order
    centre = found.centre * unit / found.spread
    terms: list[Formula] = [Number(centre + found.line[0] * unit)]
    slope = (found.line[-1] - found.line[0]) / max(horizon - 1, 1) * unit
    if slope:
        terms.append(
            Named("drift", "the straight line", Product((Number(slope), Sum((Step(), Number(-1.0))))))
        )
    if found.pattern.any():
        terms.append(Named("calendar", "the waves of the calendar", Table(found.pattern * unit)))
    terms.append(
        Named("lags", "what the last values and shocks lead one to expect", Table(found.rest * unit))
    )
    point = Named("expected", "the forecast before anything is cut off", Sum(tuple(terms)))
    deviation = Named(
        "deviation", "the standard deviation of the forecast error", Table(found.deviation * unit)
    )
    form = f"ARIMA({order.p}, {order.d}, {order.q})"
    if order.season > 1:
        form += f"({order.seasonal_p}, {order.seasonal_d}, {order.seasonal_q}){order.season}"
    if found.pattern.any():
        form += " around waves of the calendar"
    form += _weights(found.weights)
    return form, point, _normal(point, deviation, quantiles), found.prediction(quantiles)


def _weights(weights: Floats) -> str:
    """In the order of SARIMAX: autoregressive, moving average, seasonal ones."""
    return f"; weights {', '.join(f'{weight:.6g}' for weight in weights)}" if len(weights) else ""


def _normal(point: Named, deviation: Named, quantiles: tuple[float, ...]) -> Spread:
    """Each quantile of a normal distribution around ``point``."""
    scores = normal_prediction(np.zeros(1), np.ones(1), quantiles).quantiles[0].tolist()
    return {
        quantile: Sum((point, Product((Number(score), deviation))))
        for quantile, score in zip(quantiles, scores, strict=True)
    }


def _article(word: str) -> str:
    return "an" if word[0] in "aeiou" else "a"


LOCAL = {"SeasonalNaive": _seasonal_naive, "ETS": _ets, "ARIMA": _arima}
