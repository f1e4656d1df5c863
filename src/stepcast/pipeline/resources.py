"""Documents of datasets, import jobs, predictors, forecasts, exports, monitors, as the service has them."""

from datetime import UTC, datetime
from typing import Any, Literal

from stepcast.pipeline import layout, objects
from stepcast.pipeline.errors import ResourceAlreadyExistsException, ResourceNotFoundException

__all__ = ["Kind", "create", "delete", "describe", "mark"]

Kind = Literal[
    "dataset-group",
    "dataset",
    "dataset-import-job",
    "predictor",
    "predictor-backtest-export-job",
    "forecast",
    "forecast-export-job",
    "monitor",
]
Status = Literal["CREATE_IN_PROGRESS", "ACTIVE", "CREATE_FAILED"]


def create(s3: Any, bucket: str, kind: Kind, name: str, properties: dict[str, Any]) -> None:
    """Write the document as CREATE_IN_PROGRESS; idempotent, so a retry is safe.

    Raises ResourceAlreadyExistsException if a resource of that name has different properties.
    """
    try:
        document = describe(s3, bucket, kind, name)
    except ResourceNotFoundException:
        now = datetime.now(UTC).isoformat(timespec="seconds")
        document = {"Name": name, **properties, "Status": "CREATE_IN_PROGRESS", "CreationTime": now}
        objects.write_json(s3, bucket, layout.resource(kind, name), document)
        return
    changed = sorted(key for key, value in properties.items() if document.get(key) != value)
    if changed:
        raise ResourceAlreadyExistsException(
            f"{kind} {name} already exists with a different {', '.join(changed)}: use another name, "
            f"or delete s3://{bucket}/{layout.resource(kind, name)}"
        )


def put(s3: Any, bucket: str, kind: Kind, name: str, properties: dict[str, Any]) -> None:
    """Write the document as ACTIVE, replacing any earlier one: for resources that follow params.json."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    try:
        created = describe(s3, bucket, kind, name)["CreationTime"]
    except ResourceNotFoundException:
        created = now
    times = {"Status": "ACTIVE", "CreationTime": created, "LastModificationTime": now}
    objects.write_json(s3, bucket, layout.resource(kind, name), {"Name": name, **properties, **times})


def mark(s3: Any, bucket: str, kind: Kind, name: str, status: Status, **facts: Any) -> None:
    """Set the status, and further facts with it."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    document = {**describe(s3, bucket, kind, name), **facts, "Status": status, "LastModificationTime": now}
    objects.write_json(s3, bucket, layout.resource(kind, name), document)


def fail_if_unfinished(s3: Any, bucket: str, kind: Kind, name: str) -> None:
    """Mark a resource as CREATE_FAILED if a run started but did not finish it."""
    try:
        unfinished = describe(s3, bucket, kind, name)["Status"] == "CREATE_IN_PROGRESS"
    except ResourceNotFoundException:
        return
    if unfinished:
        mark(s3, bucket, kind, name, "CREATE_FAILED")


def describe(s3: Any, bucket: str, kind: Kind, name: str) -> dict[str, Any]:
    """The document; ResourceNotFoundException if there is none."""
    document: dict[str, Any] = objects.read_json(s3, bucket, layout.resource(kind, name))
    return document


def delete(s3: Any, bucket: str, kind: Kind, name: str) -> None:
    """Delete the document, if it exists, and no other objects."""
    s3.delete_object(Bucket=bucket, Key=layout.resource(kind, name))
