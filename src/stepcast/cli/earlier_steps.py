"""The results that a step needs from earlier steps: checks for them, and runs missing steps."""

from collections.abc import Callable

from botocore.exceptions import ClientError

from stepcast.cli.failure import Failure
from stepcast.cli.function_names import short
from stepcast.cli.invocation import call
from stepcast.cli.kernels import NEED_KERNELS, compile_kernels, names_an_algorithm
from stepcast.cli.project import Project
from stepcast.cli.stack import Stack
from stepcast.engine.algorithms import algorithm_of
from stepcast.pipeline import layout, objects, shard_list, vintages
from stepcast.pipeline.errors import ResourceNotFoundException
from stepcast.pipeline.run import Run, fingerprint
from stepcast.pipeline.task import task_of

__all__ = ["check_input", "compile_for", "missing_before", "run_steps", "shards_of"]

Say = Callable[[str], None]


def missing_before(stack: Stack, project: Project, function: str, run: Run, shard: int | None) -> list[str]:
    """The steps that must run before ``function`` can, in order.

    The first one whose results are missing, and those after it, because they build on it. With ``shard``,
    results for that shard suffice.
    """
    steps = project.steps()
    earlier = steps[: steps.index(function)] if function in steps else []
    for position, step in enumerate(earlier):
        done = _DONE.get(step)  # Notify produces nothing that a later step needs
        if done is not None and not done(stack, run, shard):
            return earlier[position:]
    return []


def run_steps(stack: Stack, project: Project, steps: list[str], run: Run, say: Say) -> None:
    """Run them with the events of ``run``, each Map step once for every shard; Failure if one fails."""
    compile_for(stack, steps, say)
    for step in steps:
        if step == "ReconcileFunction" and run.params(stack.s3).predictor.hierarchy is None:
            continue
        say(f"running {short(step)}")
        event = {**project.event(step), **run.model_dump(include={"bucket", "run", "vintage"})}
        shards = shards_of(stack, run) if "shard" in event else [None]
        for shard in shards:
            invocation = call(stack, step, event if shard is None else {**event, "shard": shard})
            if invocation.error is not None:
                raise Failure(f"{short(step)} must run first, but {invocation.error}")


def compile_for(stack: Stack, steps: list[str], say: Say) -> None:
    """Compile the kernels that these steps need, so that none of them stalls for a minute."""
    if not any(step in NEED_KERNELS for step in steps):
        return
    try:
        params = objects.read(stack.s3, stack.bucket, layout.PARAMS)
    except ResourceNotFoundException:
        return
    if not names_an_algorithm(params):
        compile_kernels(say)


def check_input(stack: Stack, run: Run, where: str) -> None:
    """Failure if the bucket's input is not that of ``run``, because earlier steps would not process it."""
    present = fingerprint(stack.s3, stack.bucket)
    if present != run.run:
        holds = f"the input of run {present[:12]}" if present else "no input"
        raise Failure(
            f"{where} belongs to run {run.run[:12]}, but s3://{stack.bucket}/ contains {holds}: upload the "
            "input of that run (for recorded events, params.json and testing-data/train/), or omit --event"
        )


def shards_of(stack: Stack, run: Run) -> list[int]:
    """The numbers of the shards that ImportData wrote."""
    return shard_list.all_shards(stack.s3, stack.bucket, run.work)


def _there(stack: Stack, key: str) -> bool:
    try:
        stack.s3.head_object(Bucket=stack.bucket, Key=key)
    except ClientError as error:
        if error.response["Error"]["Code"] in ("404", "NoSuchKey"):
            return False
        raise
    return True


def _dataset_created(stack: Stack, run: Run, shard: int | None) -> bool:
    del shard
    return _there(stack, layout.frozen_params(run.work))


def _data_imported(stack: Stack, run: Run, shard: int | None) -> bool:
    """Shards belong to the run, rows to the vintage."""
    del shard
    job = run.name_of(run.params(stack.s3).target.dataset_name)
    described = layout.resource("dataset-import-job", job)
    return _there(stack, layout.shard_list(run.work)) and _there(stack, described)


def _monitored(stack: Stack, run: Run, shard: int | None) -> bool:
    del shard
    return _there(stack, layout.monitor_summary(run.vintage))


def _shared_fitted(stack: Stack, run: Run, shard: int | None) -> bool:
    """Not every run tunes or learns jointly, but this step always writes the predictor's document."""
    del shard
    params = run.params(stack.s3)
    needed = [layout.resource("predictor", run.name_of(params.predictor.predictor_name))]
    if params.predictor.perform_hpo:
        needed.append(layout.tuned(run.work))
    if algorithm_of(task_of(params)).learns_jointly:
        needed.append(layout.shared(run.work))
    return all(_there(stack, key) for key in needed)


def _trained(stack: Stack, run: Run, shard: int | None) -> bool:
    shards = shards_of(stack, run) if shard is None else [shard]
    return all(_there(stack, layout.trained(run.work, number)) for number in shards)


def _predicted(stack: Stack, run: Run, shard: int | None) -> bool:
    """The step of the first shard writes the forecast's document."""
    shards = shards_of(stack, run) if shard is None else [shard]
    forecast = run.params(stack.s3).forecast.forecast_name
    described = _there(stack, layout.resource("forecast", run.name_of(forecast)))
    return described and all(_there(stack, layout.predicted(run.work, number)) for number in shards)


def _reconciled(stack: Stack, run: Run, shard: int | None) -> bool:
    """Without a hierarchy, this step does nothing."""
    del shard
    if run.params(stack.s3).predictor.hierarchy is None:
        return True
    shards = shards_of(stack, run)
    return all(_there(stack, layout.reconciled_predicted(run.work, number)) for number in shards)


def _exported(stack: Stack, run: Run, shard: int | None) -> bool:
    del shard
    manifest = vintages.read(stack.s3, stack.bucket, run.vintage)
    return manifest is not None and manifest.run == run.run


def _published(stack: Stack, run: Run, shard: int | None) -> bool:
    del shard
    manifest = vintages.read(stack.s3, stack.bucket, run.vintage)
    return manifest is not None and manifest.published is not None


_DONE: dict[str, Callable[[Stack, Run, int | None], bool]] = {
    "CreateDatasetFunction": _dataset_created,
    "ImportDataFunction": _data_imported,
    "MonitorDriftFunction": _monitored,
    "FitSharedFunction": _shared_fitted,
    "TrainPredictorFunction": _trained,
    "ForecastFunction": _predicted,
    "ReconcileFunction": _reconciled,
    "ExportFunction": _exported,
    "UpdateAthenaFunction": _published,
}
