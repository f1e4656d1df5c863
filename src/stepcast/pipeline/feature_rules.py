"""The specification's rules for covariates: related series, item metadata, holidays."""

import difflib
from collections.abc import Callable, Iterator

from stepcast.engine.countries import COUNTRIES
from stepcast.pipeline.algorithm_support import support_of
from stepcast.pipeline.domains import DOMAINS, identifier_field, target_field
from stepcast.pipeline.problems import Problem
from stepcast.pipeline.raw_params import (
    Raw,
    at_keys,
    columns_of,
    dataset_of,
    datasets_of,
    error,
    frequency_of,
    warning,
)

__all__ = ["FEATURE_RULES"]

RELATED, METADATA = "RELATED_TIME_SERIES", "ITEM_METADATA"
USED_BY_AUTOML = "Use PerformAutoML: true instead, which uses them"
OFTEN_MEANT = {"GB": "UK", "EN": "UK", "USA": "US", "SP": "ES", "GER": "DE", "JA": "JP"}


def related_series_have_features_of_their_own(raw: Raw) -> Iterator[Problem]:
    """V11: at least one number, never the target; other text columns only if the target also has them."""
    for at, dataset in datasets_of(raw):
        if dataset.get("DatasetType") != RELATED or dataset.get("Domain") not in DOMAINS:
            continue
        path, columns = f"{at}.Schema.Attributes", columns_of(dataset)
        target = target_field(dataset["Domain"])
        if target in columns:
            what = f"the related series contain {target!r}, which is the forecast target"
            yield error("V11", path, what, "Remove the column: its future values are not known")
        if not [kind for name, kind in columns.items() if kind in ("integer", "float") and name != target]:
            what = "no column contains numbers, so there is nothing to learn from"
            yield error("V11", path, what, "Add a column of type integer or float, for example a price")
        allowed = columns_of(dataset_of(raw, "TARGET_TIME_SERIES") or {})
        for name, kind in columns.items():
            texts = kind in ("string", "geolocation")
            if texts and name not in allowed and name != identifier_field(dataset["Domain"]):
                what = f"{name!r} is a text column that the target's files do not have"
                remedy = "Remove it, convert it to a number, or add it to the target's files and schema"
                yield error("V11", path, what, remedy)


def related_series_come_as_often_as_the_forecast(raw: Raw) -> Iterator[Problem]:
    """V11: related series are never aggregated."""
    wanted = frequency_of(at_keys(raw, "Predictor", "FeaturizationConfig").get("ForecastFrequency"))
    for at, dataset in datasets_of(raw):
        given = frequency_of(dataset.get("DataFrequency"))
        if dataset.get("DatasetType") == RELATED and given and wanted and given != wanted:
            yield error(
                "V11",
                f"{at}.DataFrequency",
                f"the related series have frequency {given}, the forecast {wanted}; they are not aggregated",
                f"Send one row for each period of {wanted}, and set DataFrequency to {wanted}",
            )


def metadata_has_attributes(raw: Raw) -> Iterator[Problem]:
    """V12: at least one column in addition to the item."""
    for at, dataset in datasets_of(raw):
        if dataset.get("DatasetType") == METADATA and len(columns_of(dataset)) == 1:
            what = "the item is the only column, which does not show which items are similar"
            yield error("V12", f"{at}.Schema.Attributes", what, "Add an attribute, for example category")


def holidays_are_known(raw: Raw) -> Iterator[Problem]:
    """V16: holidays of one of the service's countries; weather data exist only in the service."""
    features = at_keys(raw, "Predictor", "InputDataConfig").get("SupplementaryFeatures")
    for number, feature in enumerate(features if isinstance(features, list) else []):
        path = f"$.Predictor.InputDataConfig.SupplementaryFeatures[{number}]"
        name = feature.get("Name") if isinstance(feature, dict) else None
        value = feature.get("Value") if isinstance(feature, dict) else None
        if name == "weather":
            what = "weather is not available: the data were supplied by Amazon Forecast"
            remedy = "If weather matters, send it as a related series; the forecast does not use it"
            yield warning("V16", path, what, remedy)
        elif name == "holiday" and isinstance(value, str) and value not in COUNTRIES:
            what = f"{value!r} is not one of the 66 supported country codes"
            yield error("V16", f"{path}.Value", what, _suggested(value))


def _suggested(value: str) -> str:
    upper = value.strip().upper()
    near = [OFTEN_MEANT.get(upper, upper)]
    if near[0] not in COUNTRIES:
        near = difflib.get_close_matches(upper, COUNTRIES, n=1, cutoff=0.5)
    meant = f"Did you mean {near[0]!r}? " if near else ""
    return f"{meant}Write one of {', '.join(COUNTRIES)}"


def named_algorithms_leave_features_aside(raw: Raw) -> Iterator[Problem]:
    """V16: warn if a named algorithm does not use covariates that are sent."""
    name, support = support_of(at_keys(raw, "Predictor").get("AlgorithmArn"))
    bounds = at_keys(raw, "Predictor", "Bounds")
    needed = "MinimumAttribute" in bounds or "MaximumAttribute" in bounds
    needed |= bool(at_keys(raw, "Predictor", "Hierarchy").get("Levels"))
    used, remedy = {RELATED: support.related, METADATA: support.metadata or needed}, USED_BY_AUTOML
    for at, dataset in datasets_of(raw):
        kind = dataset.get("DatasetType")
        if isinstance(kind, str) and not used.get(kind, True):
            yield warning("V16", at, f"{name} does not use {kind}", remedy)
    features = at_keys(raw, "Predictor", "InputDataConfig").get("SupplementaryFeatures")
    for number, feature in enumerate(features if isinstance(features, list) else []):
        if isinstance(feature, dict) and feature.get("Name") == "holiday" and not support.holidays:
            path = f"$.Predictor.InputDataConfig.SupplementaryFeatures[{number}]"
            yield warning("V16", path, f"{name} does not use holidays", remedy)


FEATURE_RULES: tuple[Callable[[Raw], Iterator[Problem]], ...] = (
    related_series_have_features_of_their_own,
    related_series_come_as_often_as_the_forecast,
    metadata_has_attributes,
    holidays_are_known,
    named_algorithms_leave_features_aside,
)
