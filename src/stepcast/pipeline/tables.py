"""The SQL tables: names, columns and file locations."""

import re

from stepcast.pipeline.params import Dataset, Params, output_label

__all__ = [
    "ACCURACY",
    "ACCURACY_LEVELS",
    "DRIFT",
    "FORECAST",
    "HISTORY",
    "LEADERBOARD",
    "LEVELS",
    "LINEAGE",
    "MONITOR",
    "TRAIN",
    "TUNING",
    "WIDE",
    "is_taken",
    "monitor_keys",
    "sql_type",
]

TRAIN = "train"
FORECAST = "forecast"
WIDE = "forecast_wide"
HISTORY = "forecast_history"
ACCURACY = "accuracy"
LEADERBOARD = "leaderboard"
LINEAGE = "lineage"
MONITOR = "monitor"
DRIFT = "drift"
TUNING = "tuning"
LEVELS = "forecast_levels"
ACCURACY_LEVELS = "accuracy_levels"

SQL_TYPES = {
    "string": "string",
    "geolocation": "string",
    "timestamp": "string",  # text in TimestampFormat, as uploaded
    "integer": "bigint",
    "float": "double",
}


# Columns of the tables in addition to those of the uploaded file.
TAKEN = re.compile(
    r"date|type|mean|p\d+|scope|model|metric|score(_.+)?|(average_)?wql(_.+)?|rmse|wape|mape|mase|coverage"
    r"|seasons|weights|sources|impacts|note|backtest_window|backtestwindow_(start|end)_time|vintage"
)
# Columns of the tables monitor and drift: a dimension of such a name is called item_<name> there.
OF_MONITOR = frozenset(
    ("lead", "outcomes", "bias", "severity", "kind", "test", "statistic", "p", "since", "detail", "advice")
)


def is_taken(name: str) -> bool:
    """Whether a table already has a column of this name, so that no dimension may have it.

    >>> is_taken("Date"), is_taken("p90"), is_taken("store")
    (True, True, False)
    """
    return TAKEN.fullmatch(name.lower()) is not None


def monitor_keys(params: Params) -> list[str]:
    """The columns of the tables monitor and drift that tell series apart."""
    names = (name.lower() for name in params.series_key)
    return [f"item_{name}" if name in OF_MONITOR else name for name in names]


def sql_type(attribute_type: str) -> str:
    """The column type of an attribute.

    >>> sql_type("integer")
    'bigint'
    """
    return SQL_TYPES[attribute_type]


def train_columns(dataset: Dataset) -> dict[str, str]:
    """Columns of ``train``: the schema, in file order. SQL ignores case."""
    return {column.attribute_name.lower(): sql_type(column.attribute_type) for column in dataset.columns}


def forecast_columns(dataset: Dataset) -> dict[str, str]:
    """Columns of ``forecast``: the train schema plus ``type``; the target is never an integer column."""
    return {**train_columns(dataset), dataset.target.lower(): "double", "type": "string"}


def wide_columns(params: Params) -> dict[str, str]:
    """Columns of ``forecast_wide``: Amazon Forecast's export layout."""
    identifier, *dimensions = (name.lower() for name in params.series_key)
    outputs = dict.fromkeys(map(output_label, params.forecast.outputs), "double")
    return {identifier: "string", "date": "string", **dict.fromkeys(dimensions, "string"), **outputs}
