"""CreateDataset: check params.json, freeze it for the run, describe the dataset group and its datasets."""

from typing import Any

from stepcast.pipeline import layout, objects, reports, resources, vintages
from stepcast.pipeline.internal_errors import step
from stepcast.pipeline.log import log
from stepcast.pipeline.problems import Report
from stepcast.pipeline.read_params import read_params
from stepcast.pipeline.run import Run

__all__ = ["create_dataset"]


@step
def create_dataset(run: Run, *, s3: Any, execution: str | None = None) -> Run:
    """The run with what params.json says of its way, and a vintage unique to this ``execution`` (ARN).

    An execution started manually with another's input must not overwrite that one's output, and its vintage
    must be later than any forecast published meanwhile. Invoked on its own, the step keeps its vintage.

    Raises InvalidInputException with every problem of params.json in the report, Superseded on newer input,
    Unsettled while an upload is in progress.
    """
    run.check_settled(s3)
    if execution is not None:
        vintage = vintages.own(s3, run.bucket, layout.moment_of(run.vintage), execution)
        run = run.model_copy(update={"vintage": vintage})
    body = objects.read(s3, run.bucket, layout.PARAMS)
    params, problems = read_params(body)
    report = Report()
    report.extend(problems)
    reports.write(s3, run, report)
    if params is None:
        raise reports.refusal(run, report)
    reports.write_of_params(s3, run, report)
    # A forecast follows the current params.json, even if the group and datasets keep their names.
    group = params.dataset_group
    members = [dataset.dataset_name for dataset in params.datasets]
    described = group.model_dump(mode="json", by_alias=True)
    resources.put(
        s3, run.bucket, "dataset-group", group.dataset_group_name, {**described, "Datasets": members}
    )
    for dataset in params.datasets:
        properties = dataset.model_dump(mode="json", by_alias=True, exclude_none=True)
        resources.put(s3, run.bucket, "dataset", dataset.dataset_name, properties)
    objects.write(
        s3, run.bucket, layout.frozen_params(run.work), params.model_dump_json(by_alias=True, indent=2)
    )
    log.info("dataset_created", run=run.run, group=group.dataset_group_name, warnings=report.warnings)
    hierarchy = params.predictor.hierarchy is not None
    return run.model_copy(update={"perform_delete": params.perform_delete, "hierarchy": hierarchy})
