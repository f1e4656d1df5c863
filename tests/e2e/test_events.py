"""Every function runs with its recorded event."""

import json
from pathlib import Path

from stepcast.cli.invocation import call, prepared
from stepcast.cli.project import Project
from stepcast.pipeline import vintages

EVENTS = Path(__file__).parents[2] / "events"


def test_recorded_events_run_from_the_upload_to_the_cleanup() -> None:
    """The steps before Cleanup are each invoked with their event to prepare it."""
    project = Project.find()
    with prepared(project, "CleanupFunction") as stack:
        cleaned = call(stack, "CleanupFunction", project.event("CleanupFunction"))
        started = call(stack, "StartExecutionFunction", project.event("StartExecutionFunction"))
        manifest = vintages.current(stack.s3, stack.bucket)

    assert {f"{step.removesuffix('Function')}" for step in project.steps()} | {"StartExecution"} == {
        "".join(part.capitalize() for part in path.stem.split("_"))
        for path in EVENTS.glob("*.json")
        if path.stem != "env"  # the variables of sam local invoke
    }
    assert cleaned.error is None
    assert started.error is None
    assert started.result["outcome"] == "started"
    assert manifest is not None
    assert manifest.run == json.loads((EVENTS / "export.json").read_text())["run"]
    assert manifest.items == 7
