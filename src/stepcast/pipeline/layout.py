"""Where things lie in the bucket: the only place that builds an S3 key."""

from datetime import UTC, datetime

__all__ = ["INPUTS", "PARAMS", "vintage_at"]

PARAMS = "params.json"
TRAIN, RELATED, METADATA = "train/", "related/", "metadata/"
INPUTS = (TRAIN, RELATED, METADATA)
FORECAST, HISTORY, ACCURACY = "forecast/", "history/", "accuracy/"


def vintage_at(moment: datetime) -> str:
    """The name of the forecast made at ``moment``.

    >>> vintage_at(datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC))
    '2026-01-02T03-04-05Z'
    """
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H-%M-%SZ")


def imports(dataset: str) -> str:
    """The imports of a dataset, one folder each."""
    return f"datasets/{dataset}/"


def rows(dataset: str, import_job: str) -> str:
    """The rows as uploaded, typed: what the SQL table ``train`` reads."""
    return f"{imports(dataset)}{import_job}/"


def work(run: str) -> str:
    """Work files of one run; removed when it ends."""
    return f"runs/{run}/"


def frozen_params(run: str) -> str:
    """params.json as it was when the run began."""
    return f"{work(run)}params.json"


def shard_list(run: str) -> str:
    """A JSON list with one element a shard: what the Map states read."""
    return f"{work(run)}shards.json"


def shards(run: str) -> str:
    """The shards of series of one run."""
    return f"{work(run)}shards/"


def shard(run: str, number: int) -> str:
    """One shard of series, filled and on the forecast's grid."""
    return f"{shards(run)}part-{number}.parquet"


def shared(run: str) -> str:
    """What FitShared learned of all shards together."""
    return f"{work(run)}shared.npz"


def trained(run: str, number: int) -> str:
    """What TrainPredictor learned of one shard."""
    return f"{work(run)}trained/part-{number}.npz"


def predicted(run: str, number: int) -> str:
    """What Forecast predicts for one shard."""
    return f"{work(run)}predicted/part-{number}.npz"


def failures(run: str) -> str:
    """Why steps failed: written by the steps, read by NotifyFailure."""
    return f"{work(run)}failures/"


def failure(run: str, step: str, shard: int) -> str:
    return f"{failures(run)}{step}-{shard}.json"


def failure_report(run: str) -> str:
    """Why the run failed, for a person."""
    return f"reports/{run}/failure.md"


def report(run: str, ending: str) -> str:
    """The validation report, ``json`` or ``md``."""
    return f"reports/{run}/validation.{ending}"


def resource(kind: str, name: str) -> str:
    """The document of a dataset, predictor, forecast..."""
    return f"resources/{kind}/{name}.json"


def vintage(root: str, vintage: str) -> str:
    """A forecast vintage under ``forecast/`` or ``history/``."""
    return f"{root}{vintage}/"


def clean(root: str, name: str) -> str:
    """Long: the train schema and ``type``."""
    return f"{vintage(root, name)}clean/"


def clean_part(vintage: str, number: int) -> str:
    return f"{clean(FORECAST, vintage)}part-{number}.csv"


def raw(root: str, name: str) -> str:
    """Wide: Amazon Forecast's own export layout."""
    return f"{vintage(root, name)}raw/"


def raw_part(vintage: str, job: str, number: int) -> str:
    return f"{raw(FORECAST, vintage)}{job}_{vintage}_part{number}.csv"


def accuracy(predictor: str, part: str = "") -> str:
    """The backtest of a predictor: ``forecasted-values``, ``accuracy-metrics-values`` and the SQL tables."""
    return f"{ACCURACY}{predictor}/{part}{'/' if part else ''}"
