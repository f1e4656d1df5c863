"""How good was a forecast? Sums of losses, and the metrics by name.

``Sums`` keep numerators and denominators apart, so that any number of shards add up to exactly the pooled
figures.

Definitions are Amazon Forecast's. ``outputs`` are quantiles in rising order, then ``"mean"`` if asked for.
A missing actual (nan) is not scored, nor is a point that was not forecast.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stepcast.engine.arrays import Flags, Floats, Integers
from stepcast.engine.losses import pinball_loss, point_forecast
from stepcast.engine.task import Metric, Outputs, quantiles_of

__all__ = ["EachSums", "Sums"]

# A sum of actuals is as good as zero where dividing by it would give a figure above this.
ABSURD_RATIO = 1e9


@dataclass(frozen=True)
class Sums:
    """Numerators and denominators of every metric, pooled over series, windows and points; they add up.

    ``forecasts``          (series, window) pairs with at least one scored point
    ``points``             scored points
    ``absolute_actual``    sum of |y|
    ``quantiles``          what was asked for, without the mean
    ``pinball``            sum of the pinball loss, by quantile
    ``absolute_error``     sum of |y - point forecast|, and ``squared_error`` of its square
    ``scaled_error``       sum of |y - point forecast| / scale over the ``scaled_points`` whose scale is known
                           and not zero
    ``percentage_error``   sum of |y - point forecast| / |y| over the ``percentage_points`` where y is not 0
    ``covered``            scored points from the lowest to the highest quantile
    """

    forecasts: int
    points: int
    absolute_actual: float
    quantiles: tuple[float, ...]
    pinball: tuple[float, ...]
    absolute_error: float
    squared_error: float
    scaled_error: float
    scaled_points: int
    percentage_error: float
    percentage_points: int
    covered: int

    @classmethod
    def of(cls, actual: Floats, predicted: Floats, outputs: Outputs, scale: Floats) -> "Sums":
        """Sum up over everything.

        Shapes:  ``actual`` (..., horizon), ``predicted`` (..., horizon, outputs), ``scale`` (...): the MASE
                 denominator (``seasonal_error``) of each series and window.

        >>> forecast = np.array([[[8.0, 9.0], [8.0, 10.0]]])
        >>> sums = Sums.of(np.array([[10.0, 10.0]]), forecast, (0.5, "mean"), scale=np.array([2.0]))
        >>> sums.wql, sums.wape, sums.mase
        ((0.2,), 0.05, 0.25)
        """
        (sums,) = cls.each(actual[None], predicted[None], outputs, np.asarray(scale)[None])
        return sums

    @classmethod
    def each(cls, actual: Floats, predicted: Floats, outputs: Outputs, scale: Floats) -> "list[Sums]":
        """The sums of each element of the first axis, such as each series.

        Shapes:  as in ``of``, with one axis more at the front.
        """
        return EachSums.of(actual, predicted, outputs, scale).listed()

    @classmethod
    def nothing(cls, outputs: Outputs) -> "Sums":
        """No forecast at all: the start of ``sum(shards, start=Sums.nothing(outputs))``."""
        return cls.of(np.empty((0, 1)), np.empty((0, 1, len(outputs))), outputs, np.empty(0))

    def __add__(self, other: "Sums") -> "Sums":
        """Both together. ValueError where they were made for different quantiles."""
        if self.quantiles != other.quantiles:
            raise ValueError(f"sums for quantiles {self.quantiles} and {other.quantiles} cannot be added")
        return Sums(
            forecasts=self.forecasts + other.forecasts,
            points=self.points + other.points,
            absolute_actual=self.absolute_actual + other.absolute_actual,
            quantiles=self.quantiles,
            pinball=tuple(a + b for a, b in zip(self.pinball, other.pinball, strict=True)),
            absolute_error=self.absolute_error + other.absolute_error,
            squared_error=self.squared_error + other.squared_error,
            scaled_error=self.scaled_error + other.scaled_error,
            scaled_points=self.scaled_points + other.scaled_points,
            percentage_error=self.percentage_error + other.percentage_error,
            percentage_points=self.percentage_points + other.percentage_points,
            covered=self.covered + other.covered,
        )

    @property
    def wql(self) -> tuple[float, ...]:
        """Weighted quantile loss by quantile: 2 * pinball / sum of |y|; nan where nothing was scored."""
        return tuple(self._weighted(2 * loss) for loss in self.pinball)

    @property
    def average_wql(self) -> float:
        """The mean of the weighted quantile losses; nan where no quantile was asked for."""
        return sum(self.wql) / len(self.quantiles) if self.quantiles else float("nan")

    @property
    def wape(self) -> float:
        """Absolute error as a share of sum of |y|; nan where nothing was scored."""
        return self._weighted(self.absolute_error)

    @property
    def rmse(self) -> float:
        """Root of the mean squared error, in the units of the series; nan where nothing was scored."""
        return float(np.sqrt(_ratio(self.squared_error, self.points)))

    @property
    def mase(self) -> float:
        """Error relative to that of repeating the last season in the history; nan where that is zero."""
        return _ratio(self.scaled_error, self.scaled_points)

    @property
    def mape(self) -> float:
        """Mean of |y - forecast| / |y| where y is not zero; nan where all are."""
        return _ratio(self.percentage_error, self.percentage_points)

    @property
    def coverage(self) -> float:
        """Share of outcomes between the lowest and the highest quantile; nan where there are not two."""
        return _ratio(self.covered, self.points) if len(self.quantiles) > 1 else float("nan")

    def metric(self, name: Metric) -> float:
        """The metric by Amazon Forecast's name.

        Where no quantile was asked for, AverageWeightedQuantileLoss is WAPE: the loss of the median, had it
        been equal to the mean.
        """
        if name == "AverageWeightedQuantileLoss":
            return self.average_wql if self.quantiles else self.wape
        return {"WAPE": self.wape, "RMSE": self.rmse, "MASE": self.mase, "MAPE": self.mape}[name]

    def _weighted(self, loss: float) -> float:
        """``loss`` over the sum of |y|, or ``loss`` itself where that sum is as good as zero."""
        if self.points == 0:
            return float("nan")
        if loss >= ABSURD_RATIO * self.absolute_actual:
            return loss
        return loss / self.absolute_actual


@dataclass(frozen=True)
class EachSums:
    """The sums of many, such as each series, as arrays (count,), and their metrics; as ``Sums`` has them.

    ``pinball``  (count, quantiles).
    """

    forecasts: Integers
    points: Integers
    absolute_actual: Floats
    quantiles: tuple[float, ...]
    pinball: Floats
    absolute_error: Floats
    squared_error: Floats
    scaled_error: Floats
    scaled_points: Integers
    percentage_error: Floats
    percentage_points: Integers
    covered: Integers

    @classmethod
    def of(cls, actual: Floats, predicted: Floats, outputs: Outputs, scale: Floats) -> "EachSums":
        """The sums of each element of the first axis; shapes as in ``Sums.each``."""
        count, quantiles, within = len(actual), quantiles_of(outputs), tuple(range(1, actual.ndim))
        scored = np.isfinite(actual) & np.isfinite(predicted).all(axis=-1)

        def total(values: NDArray[Any], there: Flags = scored) -> NDArray[Any]:
            return np.asarray(np.where(there, values, 0).sum(axis=within))

        with np.errstate(
            over="ignore", invalid="ignore", divide="ignore"
        ):  # infinite losses, and what is not scored
            error, size = np.abs(actual - point_forecast(predicted, outputs)), np.abs(actual)
            scales = np.broadcast_to(np.asarray(scale, dtype=float)[..., None], actual.shape)
            scalable, divisible = scored & np.isfinite(scales) & (scales > 0), scored & (actual != 0)
            losses = [total(pinball_loss(actual - predicted[..., i], q)) for i, q in enumerate(quantiles)]
            return cls(
                forecasts=np.asarray(scored.any(axis=-1).sum(axis=within[:-1])),
                points=total(scored),
                absolute_actual=total(size),
                quantiles=quantiles,
                pinball=np.stack(losses, axis=1) if losses else np.empty((count, 0)),
                absolute_error=total(error),
                squared_error=total(error**2),
                scaled_error=total(error / scales, scalable),
                scaled_points=total(scalable),
                percentage_error=total(error / size, divisible),
                percentage_points=total(divisible),
                covered=total(_covered(actual, predicted[..., : len(quantiles)])),
            )

    def listed(self) -> list[Sums]:
        """One by one."""
        columns = {
            name: [self.quantiles] * len(self.points) if name == "quantiles" else values.tolist()
            for name, values in vars(self).items()
        }
        columns["pinball"] = list(map(tuple, columns["pinball"]))
        return [Sums(*row) for row in zip(*columns.values(), strict=True)]

    @property
    def wql(self) -> Floats:
        """(count, quantiles)."""
        weighted = np.empty(self.pinball.shape)
        for number in range(len(self.quantiles)):
            weighted[:, number] = self._weighted(2 * self.pinball[:, number])
        return weighted

    @property
    def average_wql(self) -> Floats:
        if not self.quantiles:
            return np.full(len(self.points), np.nan)
        total = np.zeros(len(self.points))
        for weighted in self.wql.T:  # in this order, as Sums adds them
            total += weighted
        return total / len(self.quantiles)

    @property
    def wape(self) -> Floats:
        return self._weighted(self.absolute_error)

    @property
    def rmse(self) -> Floats:
        return np.sqrt(_ratios(self.squared_error, self.points))

    @property
    def mase(self) -> Floats:
        return _ratios(self.scaled_error, self.scaled_points)

    @property
    def mape(self) -> Floats:
        return _ratios(self.percentage_error, self.percentage_points)

    @property
    def coverage(self) -> Floats:
        if len(self.quantiles) < 2:
            return np.full(len(self.points), np.nan)
        return _ratios(self.covered, self.points)

    def metric(self, name: Metric) -> Floats:
        if name == "AverageWeightedQuantileLoss":
            return self.average_wql if self.quantiles else self.wape
        return {"WAPE": self.wape, "RMSE": self.rmse, "MASE": self.mase, "MAPE": self.mape}[name]

    def _weighted(self, loss: Floats) -> Floats:
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            weighted = np.where(
                loss >= ABSURD_RATIO * self.absolute_actual, loss, loss / self.absolute_actual
            )
        return np.where(self.points == 0, np.nan, weighted)


def _covered(actual: Floats, quantiles: Floats) -> NDArray[np.bool_]:
    """Whether ``actual`` (...) lies between the first and the last of ``quantiles`` (..., any)."""
    if not quantiles.shape[-1]:
        return np.zeros(actual.shape, dtype=bool)
    return np.asarray((quantiles[..., 0] <= actual) & (actual <= quantiles[..., -1]))


def _ratio(numerator: float, count: int) -> float:
    return numerator / count if count else float("nan")


def _ratios(numerators: NDArray[Any], counts: Integers) -> Floats:
    return np.where(counts > 0, numerators / np.maximum(counts, 1), np.nan)
