"""CreateDataset: check params.json, freeze it for the run, describe the dataset group and its datasets."""

from typing import Any

from stepcast.pipeline import layout, objects, reports, resources
from stepcast.pipeline.internal_errors import step
from stepcast.pipeline.log import log
from stepcast.pipeline.problems import Report
from stepcast.pipeline.read_params import read_params
from stepcast.pipeline.run import Run

__all__ = ["create_dataset"]


@step
def create_dataset(run: Run, *, s3: Any) -> Run:
    """The run with PerformDelete as params.json has it.

    Raises InvalidInputException with every problem of params.json in the report, Superseded on newer input,
    Unsettled while an upload goes on.
    """
    run.check_settled(s3)
    body = objects.read(s3, run.bucket, layout.PARAMS)
    params, problems = read_params(body)
    report = Report()
    report.extend(problems)
    reports.write(s3, run, report)
    if params is None:
        raise reports.refusal(run, report)
    # A forecast of today follows params.json of today: what the group and datasets are called may stay.
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
        s3, run.bucket, layout.frozen_params(run.run), params.model_dump_json(by_alias=True, indent=2)
    )
    log.info("dataset_created", run=run.run, group=group.dataset_group_name, warnings=report.warnings)
    return run.model_copy(update={"perform_delete": params.perform_delete})
