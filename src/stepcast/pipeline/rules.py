"""The specification's rules for params.json that concern several fields; each reads the raw document.

They run whether or not the structure is valid, so that every problem is reported at once.
"""

from collections.abc import Callable, Iterator
from functools import partial
from importlib.util import find_spec
from typing import Any, get_args

from stepcast.engine.model_parameters import MODEL_PARAMETERS
from stepcast.engine.neural.parameters import NEURAL
from stepcast.engine.own_model.parameters import MODEL, OWN_MODELS, wrong_model
from stepcast.engine.training_parameters import Parameter
from stepcast.pipeline.algorithm_support import SUPPORT
from stepcast.pipeline.bounds_rules import BOUNDS_RULES
from stepcast.pipeline.domains import DOMAINS, identifier_field, is_reserved, target_field
from stepcast.pipeline.feature_rules import FEATURE_RULES
from stepcast.pipeline.hierarchy_rules import HIERARCHY_RULES
from stepcast.pipeline.params import ALGORITHM_ARN, AttributeType
from stepcast.pipeline.problems import Problem
from stepcast.pipeline.raw_params import (
    Raw,
    at_keys,
    attributes_of,
    columns_of,
    dataset_of,
    datasets_of,
    error,
    frequency_of,
    has_whole_schema,
    number_of,
    optional_of,
    required_of,
    warning,
)
from stepcast.pipeline.schema_remedies import missing_field_remedy, related_remedy
from stepcast.pipeline.spelling import did_you_mean, meant
from stepcast.pipeline.tables import is_taken
from stepcast.pipeline.tuning_rules import TUNING_RULES

__all__ = ["RULES"]

ALGORITHMS = tuple(SUPPORT)
ATTRIBUTE_TYPES = get_args(AttributeType)
LARGEST_SCHEMA = {"TARGET_TIME_SERIES": 13, "RELATED_TIME_SERIES": 25, "ITEM_METADATA": 10}
FILLS = ("zero", "nan", "value", "median", "mean", "min", "max")
FILLING: dict[str, tuple[str, ...]] = {
    "aggregation": ("sum", "avg", "first", "min", "max"),
    "frontfill": ("none",),
    "middlefill": FILLS,
    "backfill": FILLS,
}
BOUNDARIES = ("Month", "DayOfMonth", "DayOfWeek", "Hour")
RELATED_FILLS = ("zero", "value", "median", "mean", "min", "max")
RELATED_FILLING: dict[str, tuple[str, ...]] = dict.fromkeys(
    ("middlefill", "backfill", "futurefill"), RELATED_FILLS
)
# Those that only an extra brings, and the extra.
PACKAGES = {
    **dict.fromkeys(NEURAL, (("jax", "optax"), "neural")),
    **dict.fromkeys(OWN_MODELS, (("jax", "keras"), "keras")),
}
NPTS_REMEDY = "See NPTS in docs/how-to/params.md"


def _npts(holds: Callable[[str], bool]) -> Callable[[str], str]:
    return lambda text: "" if holds(text) else NPTS_REMEDY


def _wrong(parameter: Parameter) -> Callable[[str], str]:
    def wrong(text: str) -> str:
        try:
            parameter.read(text)
        except ValueError as why:
            return str(why).capitalize()
        return ""

    return wrong


# Of each algorithm its parameters, and what is wrong with a value, if anything.
PARAMETERS: dict[str, dict[str, Callable[[str], str]]] = {
    "NPTS": {
        "kernel_type": _npts(lambda text: text in ("exponential", "uniform")),
        "exp_kernel_weights": _npts(lambda text: (number_of(text) or 0) > 0),
        "use_seasonal_model": _npts(lambda text: text.lower() in ("true", "false")),
        "use_default_time_features": _npts(lambda text: text.lower() in ("true", "false")),
        "context_length": _npts(lambda text: text.isdecimal() and int(text) > 0),
    },
    **{
        name: {key: _wrong(parameter) for key, parameter in parameters.items()}
        for name, parameters in {**MODEL_PARAMETERS, **NEURAL}.items()
        if name != "NPTS"  # the service's limits, wider than those of tuning
    },
    **{
        name: {MODEL: partial(wrong_model, name)}
        | {key: _wrong(parameter) for key, parameter in parameters.items()}
        for name, parameters in OWN_MODELS.items()
    },
}


def one_dataset_of_each_type(raw: Raw) -> Iterator[Problem]:
    """A group has exactly one target dataset and at most one of each other type."""
    types = [dataset.get("DatasetType") for _, dataset in datasets_of(raw)]
    known = all(kind in LARGEST_SCHEMA for kind in types if isinstance(kind, str)) and None not in types
    if datasets_of(raw) and known and "TARGET_TIME_SERIES" not in types:
        yield error(
            "V07",
            "$.Datasets",
            "no dataset has the DatasetType TARGET_TIME_SERIES",
            "Describe the files under train/ in a dataset of this type",
        )
    for at, dataset in datasets_of(raw):
        kind = dataset.get("DatasetType")
        if kind is not None and kind in types[: int(at[len("$.Datasets[") : -1])]:
            yield error(
                "V07",
                f"{at}.DatasetType",
                f"this is the second dataset of type {kind}",
                "Keep one dataset of each type",
            )


def required_fields_are_there(raw: Raw) -> Iterator[Problem]:
    """V07: the schema contains the domain's required fields with their types, each once."""
    for at, dataset in datasets_of(raw):
        path, columns = f"{at}.Schema.Attributes", columns_of(dataset)
        for name, kind in required_of(dataset).items() if has_whole_schema(dataset) else ():
            given = columns.get(name)
            allowed = ("float", "integer") if kind in ("float", "integer") else (kind,)
            if given is None:
                what = f"the field {name!r} is missing; it is required by domain {dataset['Domain']}"
                yield error("V07", path, what, missing_field_remedy(dataset, name, kind))
            elif (
                given not in allowed and given in ATTRIBUTE_TYPES
            ):  # otherwise, the structure check reports it
                what = f"{name!r} has the type {given!r}"
                yield error("V07", path, what, f"Set AttributeType to {' or '.join(allowed)!r}")
        names = [name.lower() for name, _ in attributes_of(dataset)]  # SQL ignores case
        for name in sorted({name for name in names if names.count(name) > 1}):
            yield error(
                "V07", path, f"{name!r} appears {_times(names.count(name))}", "Use each column name once"
            )


def _times(count: int) -> str:
    return "twice" if count == 2 else f"{count} times"


def no_reserved_names(raw: Raw) -> Iterator[Problem]:
    """V08: no reserved word is a field's name, except the domain's own."""
    for at, dataset in datasets_of(raw):
        own = {*required_of(dataset), *optional_of(dataset)}
        for number, (name, _) in enumerate(attributes_of(dataset)):
            if name not in own and is_reserved(name):
                path = f"{at}.Schema.Attributes[{number}].AttributeName"
                yield error(
                    "V08", path, f"{name!r} is a reserved word", f"Rename it, for example to '{name}_1'"
                )


def no_column_stands_twice_in_sql(raw: Raw) -> Iterator[Problem]:
    """V08: no dimension has the name of another column of the SQL tables."""
    for at, dataset in datasets_of(raw):
        if dataset.get("DatasetType") != "TARGET_TIME_SERIES":
            continue
        own = {*required_of(dataset), *optional_of(dataset)}
        for number, (name, kind) in enumerate(attributes_of(dataset)):
            if kind == "timestamp":
                continue  # V07 reports the right name
            if name not in own and is_taken(name) and not is_reserved(name):
                yield error(
                    "V08",
                    f"{at}.Schema.Attributes[{number}].AttributeName",
                    f"{name!r} is already a column of the SQL tables",
                    f"Rename it, for example to 'item_{name}'",
                )


def domains_are_equal(raw: Raw) -> Iterator[Problem]:
    """V09: every dataset has the domain of its group."""
    group = at_keys(raw, "DatasetGroup").get("Domain")
    for at, dataset in datasets_of(raw):
        if group in DOMAINS and dataset.get("Domain") in DOMAINS and dataset["Domain"] != group:
            yield error(
                "V09",
                f"{at}.Domain",
                f"the domain of the dataset is {dataset['Domain']}, but that of its group is {group}",
                f"Write {group}, or change $.DatasetGroup.Domain",
            )


def schemas_are_not_too_wide(raw: Raw) -> Iterator[Problem]:
    """V10: the number of columns of each dataset type, and their types."""
    for at, dataset in datasets_of(raw):
        kind, count = str(dataset.get("DatasetType")), len(attributes_of(dataset))
        most = LARGEST_SCHEMA.get(kind, 100)
        missing = {of for name, of in required_of(dataset).items() if name not in columns_of(dataset)}
        if count > most:
            path = f"{at}.Schema.Attributes"
            yield error(
                "V10", path, f"there are {count} columns; {kind} may have at most {most}", "Remove columns"
            )
        if dataset.get("Domain") not in DOMAINS:
            continue  # its own columns are not known
        for number, (name, given) in enumerate(attributes_of(dataset)):
            if name in required_of(dataset) or name in optional_of(dataset):
                continue
            allowed = {
                "TARGET_TIME_SERIES": ("string", "geolocation"),
                "RELATED_TIME_SERIES": ("string", "integer", "float", "geolocation"),
                "ITEM_METADATA": ("string", "geolocation"),
            }.get(kind, (given,))
            if given in allowed or given in missing:  # it is probably the missing field
                continue
            remedy = f"Additional columns of {kind} must be of type {' or '.join(allowed)}"
            if kind == "TARGET_TIME_SERIES" and given in ("integer", "float"):
                remedy += f". {related_remedy(identifier_field(dataset['Domain']), {name: given})}"
            path = f"{at}.Schema.Attributes[{number}].AttributeType"
            yield error("V10", path, f"{name!r} has the type {given!r}", remedy)


def timestamps_fit_the_frequency(raw: Raw) -> Iterator[Problem]:
    """V06: hours and minutes need a time of day; the forecast is not finer than the data."""
    config = at_keys(raw, "Predictor", "FeaturizationConfig")
    wanted = frequency_of(config.get("ForecastFrequency"))
    stated = raw.get("TimestampFormat")
    if isinstance(stated, str) and "hh" in stated:
        yield warning(
            "V06",
            "$.TimestampFormat",
            f"{stated!r} means the 12-hour clock; it is treated as {stated.replace('hh', 'HH')!r}",
            "Write HH",
        )
    if stated == "yyyy-MM-dd" and wanted and wanted.has_time_of_day:
        yield error(
            "V06",
            "$.TimestampFormat",
            f"{stated!r} has no time of day, but ForecastFrequency is {wanted}",
            "Write 'yyyy-MM-dd HH:mm:ss', or a ForecastFrequency of D or longer",
        )
    for at, dataset in datasets_of(raw):
        given = frequency_of(dataset.get("DataFrequency"))
        if (
            dataset.get("DatasetType") == "TARGET_TIME_SERIES"
            and given
            and wanted
            and wanted.seconds < given.seconds
        ):
            yield error(
                "V06",
                "$.Predictor.FeaturizationConfig.ForecastFrequency",
                f"{wanted} is finer than the data's frequency {given} ({at}.DataFrequency)",
                f"Set ForecastFrequency to {given} or coarser",
            )
        if dataset.get("DatasetType") == "RELATED_TIME_SERIES" and "DataFrequency" not in dataset:
            yield error(
                "V07",
                at,
                "the related series have no DataFrequency",
                "Set DataFrequency to the forecast's frequency",
            )


def boundary_fits_the_frequency(raw: Raw) -> Iterator[Problem]:
    """V06: a boundary fits the forecast's period."""
    predictor = at_keys(raw, "Predictor")
    frequency = frequency_of(at_keys(predictor, "FeaturizationConfig").get("ForecastFrequency"))
    if frequency is None:
        return
    allowed = {"Hour"}
    if frequency.unit == "W":
        allowed |= {"DayOfWeek"}
    if frequency.months:
        allowed |= {"DayOfMonth", *(["Month"] if frequency.months > 1 else [])}
    for key in at_keys(predictor, "TimeAlignmentBoundary"):
        if key in BOUNDARIES and key not in allowed:
            what = f"{key} does not apply to periods of {frequency}"
            remedy = f"Use {' or '.join(sorted(allowed))}, or remove it"
            yield error("V06", f"$.Predictor.TimeAlignmentBoundary.{key}", what, remedy)


def dimensions_are_columns(raw: Raw) -> Iterator[Problem]:
    """Forecast dimensions are columns of the target dataset."""
    asked = at_keys(raw, "Predictor", "FeaturizationConfig").get("ForecastDimensions")
    target = dataset_of(raw, "TARGET_TIME_SERIES")
    if not isinstance(asked, list) or target is None:
        return
    measures = (
        {"timestamp", target_field(target["Domain"])} if target.get("Domain") in DOMAINS else {"timestamp"}
    )
    columns = [name for name in columns_of(target) if name not in measures]
    for number, name in enumerate(asked):
        if name not in columns:
            yield error(
                "V07",
                f"$.Predictor.FeaturizationConfig.ForecastDimensions[{number}]",
                f"{name!r} is not a dimension of the target dataset",
                f"{did_you_mean(name, columns)}It has {', '.join(columns)}",
            )


def filling_is_known(raw: Raw) -> Iterator[Problem]:
    """Aggregation and filling methods are the specification's, and ``value`` comes with a value."""
    features = at_keys(raw, "Predictor", "FeaturizationConfig").get("Featurizations")
    target = dataset_of(raw, "TARGET_TIME_SERIES") or {}
    target_name = target_field(target["Domain"]) if target.get("Domain") in DOMAINS else None
    related = {
        name
        for _, d in datasets_of(raw)
        if d.get("DatasetType") == "RELATED_TIME_SERIES"
        for name in columns_of(d)
    }
    for number, feature in enumerate(features if isinstance(features, list) else []):
        at = f"$.Predictor.FeaturizationConfig.Featurizations[{number}]"
        name = feature.get("AttributeName") if isinstance(feature, dict) else None
        name = name if isinstance(name, str) else ""  # the structure check reports it
        if name and target_name and name not in related and name != target_name:
            what = f"{name!r} is neither the target nor a field of the related series"
            yield error("V07", f"{at}.AttributeName", what, f"The target is {target_name!r}")
        pipeline = feature.get("FeaturizationPipeline") if isinstance(feature, dict) else None
        methods = pipeline if isinstance(pipeline, list) else []
        for step, method in enumerate(methods):
            given = method.get("FeaturizationMethodParameters") if isinstance(method, dict) else None
            if isinstance(given, dict):
                path = f"{at}.FeaturizationPipeline[{step}].FeaturizationMethodParameters"
                yield from _filling(given, RELATED_FILLING if name in related else FILLING, path)


def _filling(given: Raw, known: dict[str, tuple[str, ...]], path: str) -> Iterator[Problem]:
    for key, value in given.items():
        if key.endswith("_value") and key.removesuffix("_value") in known:
            if number_of(value) is None:
                yield error("V07", f"{path}.{key}", f"{value!r} is not a number", 'Write one in quotes: "2"')
        elif key not in known:
            keys = [*known, *(f"{fill}_value" for fill in known if fill.endswith("fill"))]
            remedy = f"{did_you_mean(key, keys)}Allowed keys: {', '.join(known)}"
            yield error("V07", f"{path}.{key}", f"there is no {key!r}", remedy)
        elif value not in known[key]:
            remedy = f"{_did_you_mean_fill(key, value, known[key])}Write one of {', '.join(known[key])}"
            yield error("V07", f"{path}.{key}", f"{value!r} is not allowed", remedy)
        elif value == "value" and f"{key}_value" not in given:
            yield error(
                "V07",
                f"{path}.{key}",
                "'value' requires a number",
                f'Add "{key}_value": "0" or another number',
            )


def _did_you_mean_fill(key: str, value: Any, known: tuple[str, ...]) -> str:
    if key == "frontfill":
        return "Periods before an item's first row are never filled; remove frontfill. "
    if number_of(value) is not None and "value" in known:
        return f'To fill with a number, write "{key}": "value" and "{key}_value": "{value}". '
    synonyms = {
        "mean": "avg",
        "average": "avg" if "avg" in known else "mean",
        "none": "nan",
        "null": "nan",
        "0": "zero",
    }
    usual = synonyms.get(str(value).strip().lower())
    return f"Did you mean {usual!r}? " if usual in known else did_you_mean(value, known)


def offset_holds_the_horizon(raw: Raw) -> Iterator[Problem]:
    """V15: a backtest window fits between its start and the end of the data."""
    predictor = at_keys(raw, "Predictor")
    horizon = predictor.get("ForecastHorizon")
    offset = at_keys(raw, "Predictor", "EvaluationParameters").get("BackTestWindowOffset")
    if isinstance(horizon, int) and isinstance(offset, int) and offset < horizon:
        yield error(
            "V15",
            "$.Predictor.EvaluationParameters.BackTestWindowOffset",
            f"{offset} is less than the horizon, {horizon}",
            f"Write {horizon} or more, or remove it",
        )


def automl_or_algorithm(raw: Raw) -> Iterator[Problem]:
    """V16: either AutoML or a named algorithm."""
    predictor = at_keys(raw, "Predictor")
    automl = predictor.get("PerformAutoML")
    if automl is True:
        joins = predictor.get("AutoMLNetwork") in NEURAL
        for key in ("AlgorithmArn", "HPOConfig", *([] if joins else ["TrainingParameters"])):
            if predictor.get(key):
                yield error(
                    "V16", f"$.Predictor.{key}", "PerformAutoML is true", f"Remove {key} or PerformAutoML"
                )
    if automl is False and not predictor.get("AlgorithmArn"):
        yield error(
            "V16",
            "$.Predictor",
            "PerformAutoML is false and no AlgorithmArn is given",
            f"Set PerformAutoML to true, or add AlgorithmArn, for example {ALGORITHM_ARN}ETS",
        )
    if automl is None and not (predictor.get("AlgorithmArn") or predictor.get("AutoMLNetwork")):
        yield from _parameters_of_nothing(predictor.get("TrainingParameters"))


def _parameters_of_nothing(given: object) -> Iterator[Problem]:
    """Without an algorithm, the AutoPredictor runs, which has no parameters."""
    if isinstance(given, dict) and given:
        like = next((name for name, known in PARAMETERS.items() if given.keys() <= known.keys()), "ETS")
        yield error(
            "V16",
            "$.Predictor.TrainingParameters",
            "no AlgorithmArn says whose parameters they are, and the AutoPredictor has none",
            f"Add AlgorithmArn, for example {ALGORITHM_ARN}{like}, or remove TrainingParameters",
        )


def algorithm_is_known(raw: Raw) -> Iterator[Problem]:
    """V16: the algorithm is available and has these parameters."""
    predictor = at_keys(raw, "Predictor")
    arn, path = predictor.get("AlgorithmArn"), "$.Predictor.AlgorithmArn"
    if not isinstance(arn, str):
        return
    name = arn.removeprefix(ALGORITHM_ARN)
    allowed = ", ".join(ALGORITHM_ARN + algorithm for algorithm in ALGORITHMS)
    if name not in ALGORITHMS or arn == name:
        usual = meant(name, ALGORITHMS)
        guess = f"Did you mean {ALGORITHM_ARN + usual!r}? " if usual else ""
        remedy = f"{guess}Use one of {allowed}, or set PerformAutoML to true"
        yield error("V16", path, f"there is no algorithm {arn!r}", remedy)
        return
    yield from _parameters(name, predictor)
    parameters = predictor.get("TrainingParameters")
    if name in OWN_MODELS and not (isinstance(parameters, dict) and MODEL in parameters):
        what = f"{name} needs a model, and TrainingParameters name none"
        yield error("V16", path, what, f'Add "TrainingParameters": {{"{MODEL}": "models/lstm.keras"}}')
    if missing := missing_packages(name):
        what = f"{name} needs {' and '.join(missing)}, which this installation does not have"
        remedy = f"Run pip install 'stepcast[{PACKAGES[name][1]}]', or use PerformAutoML: true"
        yield error("V16", path, what, remedy)


def network_joins_automl(raw: Raw) -> Iterator[Problem]:
    """V16: a network joins the AutoPredictor only; it has these parameters, and needs its packages."""
    predictor = at_keys(raw, "Predictor")
    network, path = predictor.get("AutoMLNetwork"), "$.Predictor.AutoMLNetwork"
    if not isinstance(network, str) or network not in NEURAL:
        return  # the structure check reports it
    if predictor.get("AlgorithmArn"):
        what = f"{network} can only join the AutoPredictor, but AlgorithmArn names an algorithm"
        yield error("V16", path, what, "Remove AutoMLNetwork or AlgorithmArn")
        return
    yield from _parameters(network, predictor)
    if missing := missing_packages(network):
        what = f"{network} needs {' and '.join(missing)}, which this installation does not have"
        remedy = f"Run pip install 'stepcast[{PACKAGES[network][1]}]', or remove AutoMLNetwork"
        yield error("V16", path, what, remedy)


def _parameters(name: str, predictor: Raw) -> Iterator[Problem]:
    """The algorithm ``name`` has these parameters."""
    given, known = predictor.get("TrainingParameters"), PARAMETERS.get(name, {})
    for key, value in (given if isinstance(given, dict) else {}).items():
        at = f"$.Predictor.TrainingParameters.{key}"
        if key not in known:
            remedy = (
                f"{did_you_mean(key, known)}Allowed parameters: {', '.join(known)}"
                if known
                else f"{name} has no parameters; remove it"
            )
            yield error("V16", at, f"{name} has no parameter {key!r}", remedy)
        elif wrong := known[key](str(value).strip()):
            yield error("V16", at, f"{value!r} is not a valid value of {key}", wrong)


def missing_packages(algorithm: str) -> list[str]:
    """Those that an extra brings; none on AWS, where this function has no NumPy either and cannot know."""
    if find_spec("numpy") is None:
        return []
    packages, _ = PACKAGES.get(algorithm, ((), ""))
    return [package for package in packages if find_spec(package) is None]


def what_is_left_aside(raw: Raw) -> Iterator[Problem]:
    """Warn of keys of the service that are accepted but have no effect."""
    predictor = at_keys(raw, "Predictor")
    if predictor.get("AutoMLOverrideStrategy"):
        path = "$.Predictor.AutoMLOverrideStrategy"
        yield warning("V16", path, "it has no effect: AutoML is both fast and accurate", "Remove it")
    named = str(predictor.get("AlgorithmArn") or "").removeprefix(ALGORITHM_ARN)
    if at_keys(raw, "Monitor").get("Retrain") == "on_drift" and named in OWN_MODELS:
        what = f"it has no effect on {named}: the model is read in each run"
        yield warning("V16", "$.Monitor.Retrain", what, "Remove it, or AlgorithmArn")
    elif at_keys(raw, "Monitor").get("Retrain") == "on_drift" and named and named not in NEURAL:
        what = "it has no effect on a named algorithm, which is fitted to each series anew"
        yield warning("V16", "$.Monitor.Retrain", what, "Remove it, or AlgorithmArn")
    if predictor.get("TrainingBudgetSeconds") is not None and named and named not in NEURAL:
        path = "$.Predictor.TrainingBudgetSeconds"
        yield warning("V16", path, "a named algorithm has no time budget", "Remove this key, or AlgorithmArn")


RULES: tuple[Callable[[Raw], Iterator[Problem]], ...] = (
    one_dataset_of_each_type,
    required_fields_are_there,
    no_reserved_names,
    no_column_stands_twice_in_sql,
    domains_are_equal,
    schemas_are_not_too_wide,
    timestamps_fit_the_frequency,
    boundary_fits_the_frequency,
    dimensions_are_columns,
    filling_is_known,
    offset_holds_the_horizon,
    automl_or_algorithm,
    algorithm_is_known,
    network_joins_automl,
    what_is_left_aside,
    *FEATURE_RULES,
    *BOUNDS_RULES,
    *HIERARCHY_RULES,
    *TUNING_RULES,
)
