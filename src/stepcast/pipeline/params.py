"""The schema of params.json, with Amazon Forecast's keys and values."""

import difflib
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any, Literal, get_args
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.alias_generators import to_pascal

from stepcast.engine.frequency import LONGEST_SEASON, Boundary, Frequency
from stepcast.engine.hierarchy.methods import Method
from stepcast.engine.known_bounds import Bounds
from stepcast.engine.tuning.ranges import Scaling
from stepcast.engine.tuning.settings import SamplerName
from stepcast.pipeline.domains import Domain, identifier_field, target_field

__all__ = ["Attribute", "Dataset", "Filling", "Params", "RelatedFilling", "output_label"]

Name = Annotated[str, Field(pattern=r"^[a-zA-Z][a-zA-Z0-9_]*$", max_length=63)]  # rule V17
DatasetType = Literal["TARGET_TIME_SERIES", "RELATED_TIME_SERIES", "ITEM_METADATA"]
AttributeType = Literal["string", "integer", "float", "timestamp", "geolocation"]
TimestampFormat = Literal["yyyy-MM-dd", "yyyy-MM-dd HH:mm:ss"]
Month = Literal[
    "JANUARY",
    "FEBRUARY",
    "MARCH",
    "APRIL",
    "MAY",
    "JUNE",
    "JULY",
    "AUGUST",
    "SEPTEMBER",
    "OCTOBER",
    "NOVEMBER",
    "DECEMBER",
]
Weekday = Literal["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY"]
ALGORITHM_ARN = "arn:aws:forecast:::algorithm/"


def _frequency(text: str) -> str:
    Frequency.parse(text)
    return text


def _forecast_type(given: Any) -> str:
    text = str(given)
    if text == "mean":
        return text
    if not re.fullmatch(r"0?\.\d\d?", text) or float(text) == 0:
        raise ValueError("a forecast type is a quantile from 0.01 to 0.99 with at most two decimals, or mean")
    return f"{float(text):g}"


def _timestamp_format(given: Any) -> Any:
    # The reference pipeline's file uses hh, the 12-hour clock, for data with 24 hours.
    return given.replace("hh", "HH") if isinstance(given, str) else given


def _time_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        known = available_timezones()
        ending = [
            zone for zone in known if zone.lower().endswith(f"/{name.strip().lower().replace(' ', '_')}")
        ]
        close = sorted(ending) or difflib.get_close_matches(name, sorted(known), 1)
        meant = f"did you mean {close[0]!r}? " if close else ""
        raise ValueError(f"{meant}Use a name such as 'Europe/Berlin', or 'UTC'") from None
    return name


FrequencyText = Annotated[str, AfterValidator(_frequency)]
ForecastType = Annotated[str, BeforeValidator(_forecast_type)]


class Section(BaseModel):
    """A part of params.json: frozen, PascalCase, no unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_pascal)


class Tag(Section):
    """A label; accepted and kept with the resource."""

    key: Annotated[str, Field(min_length=1, max_length=128)]
    value: Annotated[str, Field(max_length=256)]


class DatasetGroup(Section):
    """The group that the datasets, predictors and forecasts belong to."""

    dataset_group_name: Name
    domain: Domain
    tags: tuple[Tag, ...] = Field((), max_length=50)


class Attribute(Section):
    """One column of a file."""

    attribute_name: Name
    attribute_type: AttributeType


class Schema(Section):
    """The columns, in file order."""

    attributes: tuple[Attribute, ...] = Field(min_length=1, max_length=100)


class Dataset(Section):
    """Files of one kind: the target series, related series or item metadata."""

    dataset_name: Name
    domain: Domain
    dataset_type: DatasetType
    data_frequency: FrequencyText | None = None
    data_schema: Schema = Field(alias="Schema")
    tags: tuple[Tag, ...] = Field((), max_length=50)

    @property
    def columns(self) -> tuple[Attribute, ...]:
        return self.data_schema.attributes

    @property
    def identifier(self) -> str:
        """The column that identifies the item: item_id in most domains."""
        return identifier_field(self.domain)

    @property
    def target(self) -> str:
        """The column that is forecast: target_value, demand..."""
        return target_field(self.domain)

    @property
    def features(self) -> tuple[str, ...]:
        """The numbers of a related series: its columns of type integer and float, in file order."""
        numbers = ("integer", "float")
        return tuple(c.attribute_name for c in self.columns if c.attribute_type in numbers)

    @property
    def attributes(self) -> tuple[str, ...]:
        """The columns of item metadata other than the item, in file order."""
        return tuple(c.attribute_name for c in self.columns if c.attribute_name != self.identifier)

    @property
    def dimensions(self) -> tuple[str, ...]:
        """The other columns that distinguish series, in file order."""
        own = {"timestamp", self.identifier, self.target}
        return tuple(c.attribute_name for c in self.columns if c.attribute_name not in own)


class FeaturizationMethod(Section):
    """``filling`` is the only method; its parameters are checked in ``rules``."""

    featurization_method_name: Literal["filling"]
    featurization_method_parameters: dict[str, str] = Field({}, max_length=20)


class Featurization(Section):
    """How gaps in one attribute are filled and rows are aggregated."""

    attribute_name: Name
    featurization_pipeline: tuple[FeaturizationMethod, ...] = Field((), max_length=1)


class FeaturizationConfig(Section):
    """The forecast's grid: its frequency, dimensions and filling."""

    forecast_frequency: FrequencyText
    forecast_dimensions: tuple[Name, ...] = Field((), max_length=10)
    featurizations: tuple[Featurization, ...] = Field((), max_length=50)


class EvaluationParameters(Section):
    """The backtest: how many windows, and how far before the end the last one starts."""

    number_of_backtest_windows: Annotated[int, Field(ge=1, le=5)] = 1
    back_test_window_offset: Annotated[int, Field(ge=1)] | None = None  # default: the horizon


class SupplementaryFeature(Section):
    """Holidays of a country, or weather."""

    name: Literal["holiday", "weather"]
    value: str


class InputDataConfig(Section):
    """Additional inputs of the predictor."""

    supplementary_features: tuple[SupplementaryFeature, ...] = Field((), max_length=2)


class TimeAlignmentBoundary(Section):
    """Where periods begin; omitted parts have the service's defaults."""

    month: Month | None = None
    day_of_month: Annotated[int, Field(ge=1, le=28)] | None = None
    day_of_week: Weekday | None = None
    hour: Annotated[int, Field(ge=0, le=23)] | None = None

    @property
    def boundary(self) -> Boundary:
        return Boundary(
            months=get_args(Month).index(self.month) if self.month else 0,
            days=get_args(Weekday).index(self.day_of_week)
            if self.day_of_week
            else (self.day_of_month or 1) - 1,
            seconds=3_600 * (self.hour or 0),
        )


class CategoricalParameterRange(Section):
    """A training parameter to tune, and the values to choose from."""

    name: Name
    values: tuple[str, ...] = Field(min_length=1, max_length=20)


class ContinuousParameterRange(Section):
    """A training parameter to tune: numbers from one to another."""

    name: Name
    max_value: Annotated[float, Field(allow_inf_nan=False)]
    min_value: Annotated[float, Field(allow_inf_nan=False)]
    scaling_type: Scaling = "Auto"


class IntegerParameterRange(Section):
    """A training parameter to tune: whole numbers from one to another."""

    name: Name
    max_value: int
    min_value: int
    scaling_type: Scaling = "Auto"


class ParameterRanges(Section):
    """What is tuned, over which values; rules check each against its algorithm."""

    categorical_parameter_ranges: tuple[CategoricalParameterRange, ...] = Field((), max_length=20)
    continuous_parameter_ranges: tuple[ContinuousParameterRange, ...] = Field((), max_length=20)
    integer_parameter_ranges: tuple[IntegerParameterRange, ...] = Field((), max_length=20)


class HPOConfig(Section):
    """The service's configuration of tuning."""

    parameter_ranges: ParameterRanges


class Tuning(Section):
    """Ours: how much is tuned, and how."""

    trials: Annotated[int, Field(ge=1, le=1_000)] = 20
    # CPU seconds of one core. Strict: true is not a number.
    budget_seconds: Annotated[float, Field(gt=0, allow_inf_nan=False, strict=True)] | None = None
    sampler: SamplerName = "TPE"
    prune: bool = True
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 0


class PredictorBounds(Section):
    """Ours: what no value can lie outside of: numbers, or columns of the item metadata that hold them."""

    # Strict: true is not a number.
    minimum: Annotated[float, Field(allow_inf_nan=False, strict=True)] | None = None
    minimum_attribute: Name | None = None
    maximum: Annotated[float, Field(allow_inf_nan=False, strict=True)] | None = None
    maximum_attribute: Name | None = None

    @property
    def bounds(self) -> Bounds:
        low = self.minimum if self.minimum_attribute is None else self.minimum_attribute
        high = self.maximum if self.maximum_attribute is None else self.maximum_attribute
        return Bounds(low, high)


class Hierarchy(Section):
    """Ours: sums of series that are forecast, too, and how forecasts of all levels are made to agree.

    ``levels`` split the total, from the top down: item metadata columns or forecast dimensions.
    """

    levels: tuple[Name, ...] = Field((), max_length=5)
    method: Method = "MinT"


class Predictor(Section):
    """What to train: horizon, grid, algorithm and evaluation."""

    predictor_name: Name
    forecast_horizon: Annotated[int, Field(ge=1, le=500)]  # periods of ForecastFrequency
    featurization_config: FeaturizationConfig
    perform_auto_ml: bool | None = Field(None, alias="PerformAutoML")
    auto_ml_override_strategy: Literal["LatencyOptimized", "AccuracyOptimized"] | None = Field(
        None, alias="AutoMLOverrideStrategy"
    )
    # Stepcast only: a network that may join the AutoPredictor.
    auto_ml_network: Literal["CNN-QR", "Deep_AR_Plus", "LSTM"] | None = Field(None, alias="AutoMLNetwork")
    algorithm_arn: str | None = None
    perform_hpo: bool = Field(False, alias="PerformHPO")
    training_parameters: dict[str, str] = Field({}, max_length=100)
    evaluation_parameters: EvaluationParameters = EvaluationParameters()
    hpo_config: HPOConfig | None = Field(None, alias="HPOConfig")
    tuning: Tuning = Tuning()  # Stepcast only
    optimization_metric: Literal["WAPE", "RMSE", "AverageWeightedQuantileLoss", "MASE", "MAPE"] = (
        "AverageWeightedQuantileLoss"
    )
    input_data_config: InputDataConfig = InputDataConfig()
    time_alignment_boundary: TimeAlignmentBoundary | None = (
        None  # default: the position on which the rows agree
    )
    drop_partial_periods: bool = False  # Stepcast only
    # Stepcast only: periods of ForecastFrequency; 1 is none. Default: the calendar's.
    season_length: Annotated[int, Field(ge=1, le=LONGEST_SEASON, strict=True)] | None = None
    bounds: PredictorBounds | None = None  # Stepcast only
    hierarchy: Hierarchy | None = None  # Stepcast only
    # Stepcast only: CPU seconds of one core. Strict: true is not a number.
    training_budget_seconds: Annotated[float, Field(gt=0, allow_inf_nan=False, strict=True)] | None = None
    tags: tuple[Tag, ...] = Field((), max_length=50)

    @property
    def algorithm(self) -> str | None:
        """ETS, ARIMA, NPTS... or None for the AutoPredictor."""
        return self.algorithm_arn.removeprefix(ALGORITHM_ARN) if self.algorithm_arn else None


class ForecastParams(Section):
    """What to export: quantiles and optionally the mean."""

    forecast_name: Name
    forecast_types: tuple[ForecastType, ...] = Field(("0.1", "0.5", "0.9"), min_length=1)
    tags: tuple[Tag, ...] = Field((), max_length=50)

    @property
    def outputs(self) -> tuple[float | Literal["mean"], ...]:
        """Quantiles in ascending order, then ``mean``."""
        quantiles = sorted({float(kind) for kind in self.forecast_types if kind != "mean"})
        return (*quantiles, "mean") if "mean" in self.forecast_types else tuple(quantiles)


class Monitor(Section):
    """Ours: what is done about drift, and how much of what is reported may be chance."""

    retrain: Literal["never", "on_drift"] = "never"
    sensitivity: Literal["low", "medium", "high"] = "medium"


class Filling(BaseModel):
    """How the target is aggregated and filled: the specification's defaults, or the user's settings."""

    model_config = ConfigDict(frozen=True)

    aggregation: Literal["sum", "avg", "first", "min", "max"] = "sum"
    frontfill: Literal["none"] = "none"
    middlefill: Literal["zero", "nan", "value", "median", "mean", "min", "max"] = "zero"
    backfill: Literal["zero", "nan", "value", "median", "mean", "min", "max"] = "zero"
    middlefill_value: float | None = None
    backfill_value: float | None = None


class RelatedFilling(BaseModel):
    """How gaps of one related feature are filled; None leaves them, and remaining gaps are an error."""

    model_config = ConfigDict(frozen=True)

    middlefill: Literal["zero", "value", "median", "mean", "min", "max"] | None = None
    backfill: Literal["zero", "value", "median", "mean", "min", "max"] | None = None
    futurefill: Literal["zero", "value", "median", "mean", "min", "max"] | None = None
    middlefill_value: float | None = None
    backfill_value: float | None = None
    futurefill_value: float | None = None


class Params(Section):
    """The complete params.json."""

    dataset_group: DatasetGroup
    datasets: tuple[Dataset, ...] = Field(min_length=1, max_length=3)
    predictor: Predictor
    forecast: ForecastParams
    monitor: Monitor = Monitor()
    timestamp_format: Annotated[TimestampFormat, BeforeValidator(_timestamp_format)] = "yyyy-MM-dd HH:mm:ss"
    time_zone: Annotated[str, AfterValidator(_time_zone)] | None = None
    perform_delete: bool = False

    @property
    def target(self) -> Dataset:
        """The target dataset."""
        found = self._dataset("TARGET_TIME_SERIES")
        assert found is not None  # noqa: S101  # rule V07
        return found

    @property
    def related(self) -> Dataset | None:
        """The related series, if there are any."""
        return self._dataset("RELATED_TIME_SERIES")

    @property
    def metadata(self) -> Dataset | None:
        """The item metadata, if there is any."""
        return self._dataset("ITEM_METADATA")

    def _dataset(self, kind: DatasetType) -> Dataset | None:
        return next((dataset for dataset in self.datasets if dataset.dataset_type == kind), None)

    def with_parameters(self, chosen: Mapping[str, str]) -> "Params":
        """The same with training parameters that tuning has chosen."""
        parameters = {**self.predictor.training_parameters, **chosen}
        predictor = self.predictor.model_copy(update={"training_parameters": parameters})
        return self.model_copy(update={"predictor": predictor})

    @property
    def holidays(self) -> tuple[str, ...]:
        """Countries whose holidays the predictor uses."""
        asked = self.predictor.input_data_config.supplementary_features
        return tuple(dict.fromkeys(feature.value for feature in asked if feature.name == "holiday"))

    @property
    def bounds(self) -> Bounds:
        """What no value can lie outside of."""
        return self.predictor.bounds.bounds if self.predictor.bounds else Bounds()

    @property
    def frequency(self) -> Frequency:
        """The forecast's frequency, with the requested boundary."""
        text = self.predictor.featurization_config.forecast_frequency
        frequency = replace(Frequency.parse(text), season=self.predictor.season_length)
        asked = self.predictor.time_alignment_boundary
        return replace(frequency, boundary=asked.boundary) if asked else frequency

    @property
    def data_frequency(self) -> Frequency:
        """The frequency of the target's rows: the forecast's, unless params.json sets a finer one."""
        given = Frequency.parse(self.target.data_frequency) if self.target.data_frequency else self.frequency
        return given if given.seconds < self.frequency.seconds else self.frequency

    @property
    def series_key(self) -> tuple[str, ...]:
        """The columns that identify a series: the identifier, then the requested forecast dimensions."""
        asked = self.predictor.featurization_config.forecast_dimensions
        return (self.target.identifier, *(name for name in asked if name != self.target.identifier))

    @property
    def filling(self) -> Filling:
        """Aggregation and filling of the target attribute."""
        return Filling.model_validate(self._filling_of(self.target.target))

    def related_filling(self, feature: str) -> RelatedFilling:
        """Filling of a related feature: none unless the user sets it."""
        return RelatedFilling.model_validate(self._filling_of(feature))

    def _filling_of(self, attribute: str) -> dict[str, str]:
        for featurization in self.predictor.featurization_config.featurizations:
            if featurization.attribute_name == attribute and featurization.featurization_pipeline:
                return featurization.featurization_pipeline[0].featurization_method_parameters
        return {}


def output_label(output: float | Literal["mean"]) -> str:
    """The column and ``type`` of an output, as in the service's exports.

    >>> output_label(0.05), output_label(0.1), output_label(0.975), output_label("mean")
    ('p5', 'p10', 'p97.5', 'mean')
    """
    return output if isinstance(output, str) else f"p{output * 100:g}"
