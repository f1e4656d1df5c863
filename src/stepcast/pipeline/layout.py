"""The layout of the bucket: the only module that builds S3 keys."""

import hashlib
import re
from datetime import UTC, datetime

__all__ = ["INPUTS", "PARAMS", "VINTAGE", "moment_of", "second_of", "stamp_of", "vintage_at"]

PARAMS = "params.json"
TRAIN, RELATED, METADATA = "train/", "related/", "metadata/"
MODELS = "models/"
INPUTS = (TRAIN, RELATED, METADATA, MODELS)
FORECAST, HISTORY, ACCURACY = "forecast/", "history/", "accuracy/"
LINEAGE, RUNS, TUNING = "lineage/", "runs/", "tuning/"
PREDICTORS = "predictors/"
MONITOR = "monitor/"


# A second and, since two runs may start in one, a mark of the run. Names sort by time. Old ones have no mark.
VINTAGE = r"^\d{4}-\d\d-\d\dT\d\d-\d\d-\d\dZ(-[0-9a-f]{8})?$"
_SECOND = "%Y-%m-%dT%H-%M-%SZ"
_STAMP = re.compile(r"_(\d{8}T\d{6}Z(?:[0-9a-f]{8})?)$")


def vintage_at(moment: datetime, mark: str = "") -> str:
    """The name of a forecast begun at ``moment`` by the run with this ``mark`` (eight hexadecimal digits).

    >>> vintage_at(datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), "1f8a90c2")
    '2026-01-02T03-04-05Z-1f8a90c2'
    """
    second = moment.astimezone(UTC).strftime(_SECOND)
    return f"{second}-{mark}" if mark else second


def second_of(vintage: str) -> str:
    """A vintage's time as Amazon Forecast writes it in the names of exported files.

    >>> second_of("2026-01-02T03-04-05Z-1f8a90c2")
    '2026-01-02T03-04-05Z'
    """
    return vintage[:20]


def moment_of(vintage: str) -> datetime:
    return datetime.strptime(second_of(vintage), _SECOND).replace(tzinfo=UTC)


def resource_name(base: str, vintage: str) -> str:
    """A resource's name: the user's name and the vintage, at most 63 characters.

    >>> resource_name("Demo", "2026-01-02T03-04-05Z-1f8a90c2")
    'Demo_20260102T030405Z1f8a90c2'
    """
    stamp = vintage.replace("-", "")
    longest = 62 - len(stamp)
    if len(base) > longest:  # two names with the same prefix must stay distinct
        base = f"{base[: longest - 9]}_{hashlib.sha256(base.encode()).hexdigest()[:8]}"
    return f"{base}_{stamp}"


def stamp_of(resource: str) -> str | None:
    """The vintage in a resource's name, without hyphens, which sorts like vintages; None if there is none.

    >>> stamp_of("Demo_20260102T030405Z1f8a90c2")
    '20260102T030405Z1f8a90c2'
    """
    found = _STAMP.search(resource)
    return found[1] if found else None


def imports(dataset: str) -> str:
    """The imports of a dataset, one folder each."""
    return f"datasets/{dataset}/"


def rows(dataset: str, import_job: str) -> str:
    """The uploaded rows, typed, as read by the SQL table ``train``."""
    return f"{imports(dataset)}{import_job}/"


def work(run: str) -> str:
    """Work files of one run (``Run.work``); removed when it ends."""
    return f"{RUNS}{run}/"


def frozen_params(run: str) -> str:
    """params.json as it was when the run began."""
    return f"{work(run)}params.json"


def inputs(run: str) -> str:
    """Which version of each input file the run reads."""
    return f"{work(run)}inputs.json"


def shard_list(run: str) -> str:
    """A JSON list with one element for each shard, read by the Map states."""
    return f"{work(run)}shards.json"


def shards(run: str) -> str:
    """The shards of series of one run."""
    return f"{work(run)}shards/"


def shard(run: str, number: int) -> str:
    """One shard of series, filled and on the forecast's grid."""
    return f"{shards(run)}part-{number}.parquet"


def training(run: str) -> str:
    """How far FitShared's training is, while it lasts."""
    return f"{work(run)}training.json"


def study(run: str) -> str:
    """The trials of tuning, one object each, from which a run that was interrupted goes on."""
    return f"{work(run)}study/"


def study_trial(run: str, number: int) -> str:
    return f"{study(run)}trial-{number:06}.json"


def tuned(run: str) -> str:
    """The training parameters that tuning has chosen."""
    return f"{work(run)}tuned.json"


def shared(run: str) -> str:
    """What FitShared learned from all shards."""
    return f"{work(run)}shared.npz"


def trained_shards(run: str) -> str:
    """What TrainPredictor learned from all shards."""
    return f"{work(run)}trained/"


def trained(run: str, number: int) -> str:
    """What TrainPredictor learned from one shard."""
    return f"{trained_shards(run)}part-{number}.npz"


def predicted(run: str, number: int) -> str:
    """What Forecast predicts for one shard."""
    return f"{work(run)}predicted/part-{number}.npz"


def reconciled_trained(run: str, number: int) -> str:
    """What Reconcile makes of ``trained``: its backtest agrees with that of all levels."""
    return f"{work(run)}reconciled/trained/part-{number}.npz"


def reconciled_predicted(run: str, number: int) -> str:
    """What Reconcile makes of ``predicted``."""
    return f"{work(run)}reconciled/predicted/part-{number}.npz"


def predictor(name: str, part: str = "") -> str:
    """What a predictor can forecast again from: ``shards`` of series, and what was ``trained`` on them."""
    return f"{PREDICTORS}{name}/{part}{'/' if part else ''}"


def failures(run: str) -> str:
    """Why steps failed: written by the steps, read by NotifyFailure."""
    return f"{work(run)}failures/"


def failure(run: str, step: str, shard: int) -> str:
    return f"{failures(run)}{step}-{shard}.json"


def failure_report(run: str) -> str:
    """Why the run failed, as readable text."""
    return f"reports/{run}/failure.md"


def params_report(run: str) -> str:
    """What CreateDataset found in params.json, for ImportData to add to."""
    return f"{work(run)}validation.json"


def report(run: str, ending: str) -> str:
    """The validation report, ``json`` or ``md``."""
    return f"reports/{run}/validation.{ending}"


def report_page(work: str) -> str:
    """The forecast of one execution (``Run.work``) as an HTML file, where the stack asks for it."""
    return f"reports/{work}/report.html"


def resource(kind: str, name: str) -> str:
    """The document of a dataset, predictor, forecast..."""
    return f"resources/{kind}/{name}.json"


def vintage(root: str, vintage: str) -> str:
    """A forecast vintage under ``forecast/`` or ``history/``."""
    return f"{root}{vintage}/"


def clean(root: str, name: str) -> str:
    """Long layout: the train schema plus ``type``."""
    return f"{vintage(root, name)}clean/"


def clean_part(vintage: str, number: int) -> str:
    return f"{clean(FORECAST, vintage)}part-{number}.csv"


def vintage_params(root: str, name: str) -> str:
    """params.json as it was when the vintage was made."""
    return f"{vintage(root, name)}params.json"


def item_summary(root: str, name: str) -> str:
    """One row for each item of a vintage: what a list of them shows."""
    return f"{vintage(root, name)}items.parquet"


def levels(root: str, name: str) -> str:
    """Forecasts of all levels of a hierarchy, long, with a column ``level``."""
    return f"{vintage(root, name)}levels/"


def levels_part(vintage: str, number: int) -> str:
    return f"{levels(FORECAST, vintage)}part-{number}.csv"


def raw(root: str, name: str) -> str:
    """Wide layout: Amazon Forecast's export layout."""
    return f"{vintage(root, name)}raw/"


def raw_part(vintage: str, job: str, number: int) -> str:
    return f"{raw(FORECAST, vintage)}{job}_{second_of(vintage)}_part{number}.csv"


def accuracy(predictor: str, part: str = "") -> str:
    """The backtest of a predictor: ``forecasted-values``, ``accuracy-metrics-values`` and the SQL tables."""
    return f"{ACCURACY}{predictor}/{part}{'/' if part else ''}"


def lineage(predictor: str) -> str:
    """What a predictor was trained on; one file each, so that the folder is the SQL table ``lineage``."""
    return f"{LINEAGE}{predictor}.parquet"


def tuning(predictor: str) -> str:
    """The trials of a predictor; one file each, so that the folder is the SQL table ``tuning``."""
    return f"{TUNING}{predictor}.parquet"


def monitor(vintage: str, table: str = "") -> str:
    """What MonitorDrift found before the vintage was made: its tables, its summary."""
    return f"{MONITOR}{vintage}/{table}{'/' if table else ''}"


def monitor_part(vintage: str, table: str, number: int) -> str:
    return f"{monitor(vintage, table)}part-{number}.parquet"


def monitor_summary(vintage: str) -> str:
    """The last object that MonitorDrift writes."""
    return f"{monitor(vintage)}summary.json"


def monitor_categories(vintage: str) -> str:
    """How many items have each value of the item metadata, to compare later ones with."""
    return f"{monitor(vintage)}categories.json"


def kept_shared(name: str) -> str:
    """What FitShared learned for a predictor."""
    return f"{predictor(name)}shared.npz"


def kept_params(name: str) -> str:
    """The params.json that it was learned by."""
    return f"{predictor(name)}params.json"


def kept_tuned(name: str) -> str:
    """The training parameters that were chosen for it."""
    return f"{predictor(name)}tuned.json"


def kept_training(name: str) -> str:
    """The loss of each epoch of a network, in order."""
    return f"{predictor(name)}training.json"
