"""Whether a run reuses what the last predictor learned, because nothing has drifted since."""

from typing import Any

from stepcast.pipeline import layout, objects, vintages
from stepcast.pipeline.errors import ResourceNotFoundException
from stepcast.pipeline.monitoring import summary
from stepcast.pipeline.params import Params
from stepcast.pipeline.run import Run

__all__ = ["keep", "kept"]

# Parts of params.json that do not affect a predictor.
ASIDE = {"monitor", "dataset_group", "perform_delete"}


def kept(s3: Any, run: Run, params: Params) -> tuple[str, bytes] | None:
    """The last predictor and what FitShared learned for it; None if this run has to learn.

    A run has to learn if params.json does not ask for reuse or has changed, drift was found, there was
    nothing to compare, monitoring failed, or no published predictor was kept.
    """
    if params.monitor.retrain != "on_drift":
        return None
    found, current = summary.read(s3, run.bucket, run.vintage), vintages.current(s3, run.bucket)
    if found is None or found.drift or found.state == "nothing_to_compare" or current is None:
        return None
    try:
        then = objects.read(s3, run.bucket, layout.kept_params(current.predictor))
        learned = objects.read(s3, run.bucket, layout.kept_shared(current.predictor))
    except ResourceNotFoundException:
        return None
    return (current.predictor, learned) if then == _bytes(params) else None


def keep(s3: Any, run: Run, params: Params, learned: bytes) -> None:
    """Store what was learned for this run's next steps and, if params.json asks for it, for later runs."""
    predictor = run.name_of(params.predictor.predictor_name)
    objects.write(s3, run.bucket, layout.kept_shared(predictor), learned)
    if params.monitor.retrain == "on_drift":
        objects.write(s3, run.bucket, layout.kept_params(predictor), _bytes(params))


def _bytes(params: Params) -> bytes:
    return params.model_dump_json(by_alias=True, exclude=ASIDE).encode()
