"""What params.json asks to be tuned, in the engine's words."""

from stepcast.engine.tuning.ranges import Choices, Numbers, Range, default_ranges
from stepcast.engine.tuning.settings import TuningSettings
from stepcast.pipeline.params import Params

__all__ = ["ranges_of", "settings_of"]


def ranges_of(params: Params) -> tuple[Range, ...]:
    """Those of HPOConfig; without it the algorithm's own."""
    predictor = params.predictor
    if predictor.hpo_config is None:
        related = params.related is not None or bool(params.holidays)
        return default_ranges(
            predictor.algorithm or "",
            predictor.forecast_horizon,
            related=related,
            metadata=params.metadata is not None,
        )
    given = predictor.hpo_config.parameter_ranges
    choices = (Choices(one.name, one.values) for one in given.categorical_parameter_ranges)
    numbers = (
        Numbers(one.name, one.min_value, one.max_value, whole=False, scaling=one.scaling_type)
        for one in given.continuous_parameter_ranges
    )
    whole = (
        Numbers(one.name, one.min_value, one.max_value, whole=True, scaling=one.scaling_type)
        for one in given.integer_parameter_ranges
    )
    return (*choices, *numbers, *whole)


def settings_of(params: Params) -> TuningSettings:
    given = params.predictor.tuning
    return TuningSettings(given.trials, given.budget_seconds, given.sampler, given.prune, given.seed)
