"""A stack in the state that a step's event needs: input uploaded, earlier steps run."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from stepcast.cli.earlier_steps import missing_before, run_steps
from stepcast.cli.failure import Failure
from stepcast.cli.invocation import without_trigger
from stepcast.cli.project import Project
from stepcast.cli.stack import Stack, private
from stepcast.cli.step_event import event_for, present_run, remember, run_in
from stepcast.pipeline import layout, objects, vintages
from stepcast.pipeline.run import fingerprint

__all__ = ["prepare", "prepared"]

Say = Callable[[str], None]
# Invoking StartExecution starts a run, which must not process the same data as the invoked step.
NEVER = "3600"  # seconds


@contextmanager
def prepared(project: Project, function: str, say: Say) -> Iterator[Stack]:
    """A private stack with the project's input, ready for ``function``; removed when the context ends."""
    with private(project, SettleSeconds=NEVER) as stack:
        prepare(stack, project, function, say)
        yield stack


def prepare(stack: Stack, project: Project, function: str, say: Say) -> dict[str, Any]:
    """Bring the stack to the state before ``function``, and return the matching event.

    An empty bucket gets the project's input. Unless a newer forecast exists, its vintage is that of the
    recorded events, so that they also match.
    """
    if fingerprint(stack.s3, stack.bucket) is None:
        _upload(stack, project, say)
    recorded = run_in(project.event("CleanupFunction"))
    current = vintages.current(stack.s3, stack.bucket)
    if (
        recorded is not None
        and recorded.bucket == stack.bucket
        and recorded.run == fingerprint(stack.s3, stack.bucket)
        and (current is None or current.vintage <= recorded.vintage)
    ):
        remember(stack, recorded)
    run = present_run(stack)
    run_steps(stack, project, missing_before(stack, project, function, run, None), run, say)
    return event_for(stack, project, function)


def _upload(stack: Stack, project: Project, say: Say) -> None:
    there = [key for prefix in layout.INPUTS for key in objects.keys(stack.s3, stack.bucket, prefix)]
    if there:
        raise Failure(
            f"s3://{stack.bucket}/ contains {there[0]} but no complete input: upload params.json and "
            "train/*.csv"
        )
    say("uploading params.json and testing-data/train")
    with without_trigger(stack):
        for path in project.train:
            stack.s3.upload_file(str(path), stack.bucket, f"{layout.TRAIN}{path.name}")
        stack.s3.upload_file(str(project.params), stack.bucket, layout.PARAMS)
