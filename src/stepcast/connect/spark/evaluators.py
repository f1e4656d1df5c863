"""How good is a forecast that was joined to its outcomes? The pipeline's metrics as Spark's evaluators."""

from typing import Any

from pyspark import keyword_only
from pyspark.ml.evaluation import Evaluator
from pyspark.ml.param import Param, Params, TypeConverters
from pyspark.ml.util import DefaultParamsReadable, DefaultParamsWritable
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from stepcast.connect.errors import ConnectorError
from stepcast.connect.spark.rows import quoted
from stepcast.engine.accuracy import Sums
from stepcast.pipeline.params import output_label

__all__ = ["CoverageEvaluator", "MeanAbsoluteScaledErrorEvaluator", "WeightedQuantileLossEvaluator"]

DISTANCE, COVERAGE = "distance", "coverage"


def _metric_name(value: Any) -> str:
    if value not in (DISTANCE, COVERAGE):
        raise ValueError(f"metricName is {value!r}: write {DISTANCE!r} or {COVERAGE!r}")
    return str(value)


class _OfForecasts(Evaluator, DefaultParamsReadable, DefaultParamsWritable):
    """Scores rows that have an outcome and a forecast; the others do not count, as in the pipeline."""

    labelCol = Param(Params._dummy(), "labelCol", "the outcome", typeConverter=TypeConverters.toString)

    def _needs(self, dataset: DataFrame, names: list[str], why: str = "") -> None:
        if missing := [name for name in names if name not in dataset.columns]:
            have = ", ".join(dataset.columns)
            raise ConnectorError(f"the rows have no column {', '.join(missing)}; they have {have}{why}")

    def _sum(self, dataset: DataFrame, forecast: list[str], **sums: Column) -> dict[str, float]:
        """Sums over the scored rows, whose number is ``points``. ConnectorError where there are none."""
        label = self._number(self.getOrDefault(self.labelCol))
        scored = ~F.isnan(label) & label.isNotNull()
        for name in forecast:
            scored &= self._number(name).isNotNull()
        row = dataset.where(scored).agg(
            F.count(F.lit(1)).alias("points"), *(F.sum(one).alias(name) for name, one in sums.items())
        )
        (found,) = row.collect()
        if not found["points"]:
            raise ConnectorError(
                "no row has both an outcome and a forecast: transform rows of the horizon that follows the "
                f"fitted ones, with their outcome in {self.getOrDefault(self.labelCol)!r}"
            )
        return {name: found[name] or 0 for name in ("points", *sums)}

    @staticmethod
    def _number(name: str) -> Column:
        return F.col(quoted(name)).cast("double")


class _OfQuantiles(_OfForecasts):
    quantiles = Param(
        Params._dummy(),
        "quantiles",
        "that were forecast: the columns p10, p50, p90",
        typeConverter=TypeConverters.toListFloat,
    )

    def _columns(self) -> dict[float, str]:
        return {quantile: output_label(quantile) for quantile in sorted(self.getOrDefault(self.quantiles))}


class WeightedQuantileLossEvaluator(_OfQuantiles):
    """The mean over ``quantiles`` of 2 x pinball loss / sum of absolute outcomes; smaller is better."""

    @keyword_only
    def __init__(self, *, labelCol: str | None = None, quantiles: Any = None) -> None:
        super().__init__()
        self._setDefault(labelCol="target_value", quantiles=[0.1, 0.5, 0.9])
        self._set(**self._input_kwargs)

    def isLargerBetter(self) -> bool:
        return False

    def _evaluate(self, dataset: DataFrame) -> float:
        columns, label = self._columns(), self.getOrDefault(self.labelCol)
        self._needs(dataset, [label, *columns.values()])
        losses = {}
        for quantile, name in columns.items():
            error = self._number(label) - self._number(name)
            losses[name] = F.greatest(error * quantile, error * (quantile - 1))
        sums = self._sum(dataset, list(losses), size=F.abs(self._number(label)), **losses)
        return _sums(
            points=int(sums["points"]),
            absolute_actual=sums["size"],
            quantiles=tuple(columns),
            pinball=tuple(sums[name] for name in losses),
        ).average_wql


class MeanAbsoluteScaledErrorEvaluator(_OfForecasts):
    """Absolute error relative to that of repeating the last season in the history; smaller is better.

    The history's error is a column that ``StepcastForecaster(scaleCol="scale")`` adds to the forecast. Series
    whose history has none (it is too short, or repeats itself exactly) are left out.
    """

    predictionCol = Param(
        Params._dummy(), "predictionCol", "the forecast", typeConverter=TypeConverters.toString
    )
    scaleCol = Param(
        Params._dummy(), "scaleCol", "the error within the history", typeConverter=TypeConverters.toString
    )

    @keyword_only
    def __init__(
        self,
        *,
        labelCol: str | None = None,
        predictionCol: str | None = None,
        scaleCol: str | None = None,
    ) -> None:
        super().__init__()
        self._setDefault(labelCol="target_value", predictionCol="p50", scaleCol="scale")
        self._set(**self._input_kwargs)

    def isLargerBetter(self) -> bool:
        return False

    def _evaluate(self, dataset: DataFrame) -> float:
        label, prediction, scale = (
            self.getOrDefault(param) for param in (self.labelCol, self.predictionCol, self.scaleCol)
        )
        self._needs(dataset, [label, prediction])
        self._needs(dataset, [scale], f": fit with StepcastForecaster(scaleCol={scale!r})")
        size = self._number(scale)
        known = size.isNotNull() & ~F.isnan(size) & (size > 0)
        error = F.abs(self._number(label) - self._number(prediction)) / size
        sums = self._sum(dataset, [prediction], error=F.when(known, error), known=F.when(known, F.lit(1)))
        return _sums(scaled_error=sums["error"], scaled_points=int(sums["known"])).mase


class CoverageEvaluator(_OfQuantiles):
    """The share of outcomes from the lowest to the highest of ``quantiles``.

    With ``metricName="distance"``, the default, it is its distance from the share that these promise (.8 for
    p10 to p90): smaller is better. With ``"coverage"`` it is the share itself, to read; tuning by it would
    choose the widest interval.
    """

    metricName = Param(
        Params._dummy(), "metricName", "'distance' from the promised share, or 'coverage'", _metric_name
    )

    @keyword_only
    def __init__(
        self,
        *,
        labelCol: str | None = None,
        quantiles: Any = None,
        metricName: str | None = None,
    ) -> None:
        super().__init__()
        self._setDefault(labelCol="target_value", quantiles=[0.1, 0.5, 0.9], metricName=DISTANCE)
        self._set(**self._input_kwargs)

    def isLargerBetter(self) -> bool:
        return bool(self.getOrDefault(self.metricName) == COVERAGE)

    def _evaluate(self, dataset: DataFrame) -> float:
        columns, label = self._columns(), self.getOrDefault(self.labelCol)
        self._needs(dataset, [label, *columns.values()])
        if len(columns) < 2:
            raise ConnectorError("coverage is that of an interval: give two quantiles or more")
        lowest, *_, highest = columns
        inside = self._number(label).between(self._number(columns[lowest]), self._number(columns[highest]))
        sums = self._sum(dataset, list(columns.values()), covered=inside.cast("int"))
        share = sums["covered"] / sums["points"]
        if self.isLargerBetter():
            return float(share)
        return float(abs(share - (highest - lowest)))


def _sums(**known: Any) -> Sums:
    """The pipeline's sums with only what a metric needs."""
    none: dict[str, Any] = dict.fromkeys(Sums.__dataclass_fields__, 0)
    return Sums(**{**none, "quantiles": (), "pinball": (), **known})
