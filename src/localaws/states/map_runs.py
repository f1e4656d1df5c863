"""Distributed Map: failures count against the tolerance, and long lists of items do not exhaust the stack.

moto ends a map run as succeeded however many of its children failed (tolerance is a TODO there), with null
for their output; and a worker calls itself for each further item, so that about 900 items a worker end in
RecursionError (moto 5.2.5, stepfunctions/parser/asl/component/state/exec/state_map/iteration).

Source: https://docs.aws.amazon.com/step-functions/latest/dg/state-map-distributed.html#maprun-fail-threshold
"""

from contextlib import ExitStack
from typing import Any

from botocore.exceptions import ClientError
from moto.stepfunctions.parser.api import HistoryEventType
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import (
    FailureEvent,
    FailureEventException,
)
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name import StatesErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name_type import (
    StatesErrorNameType,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_map.item_reader.eval.resource_eval_s3 import (
    ResourceEvalS3,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_map.iteration.distributed_iteration_component import (  # noqa: E501 - moto's path
    DistributedIterationComponent,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_map.iteration.itemprocessor.distributed_item_processor_worker import (  # noqa: E501 - moto's path
    DistributedItemProcessorWorker,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_map.iteration.iteration_worker import (
    IterationWorker,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_map.iteration.iterator.distributed_iterator_worker import (  # noqa: E501 - moto's path
    DistributedIteratorWorker,
)

from localaws.iam.evaluation import Access
from localaws.iam.guard import Guard
from localaws.patching import replace

__all__ = ["mend"]

_CAUSE = "The specified tolerated failure threshold was exceeded"


def mend(undo: ExitStack, guard: Guard) -> None:
    """Replace how workers of a Map take items, and what a failed child does to a map run."""
    _need_permission(undo, guard)
    replace(undo, IterationWorker, "_eval_pool", _inline_pool)
    for worker in (DistributedItemProcessorWorker, DistributedIteratorWorker):
        replace(undo, worker, "_eval_pool", _distributed_pool)
        _count_failures(undo, worker)


def _need_permission(undo: ExitStack, guard: Guard) -> None:
    """Children are executions: the machine's role must be allowed to start its own machine.

    Source: https://docs.aws.amazon.com/step-functions/latest/dg/iam-policies-eg-dist-map.html
    """
    map_run = DistributedIterationComponent._map_run

    def run(self: Any, env: Any, eval_input: Any) -> None:
        role = guard.machine(env.aws_execution_details.role_arn)
        machine = env.states.context_object.context_object_data["StateMachine"]["Id"]
        if problem := guard.problem(role, Access("states:StartExecution", machine)):
            raise _failed(env, StatesErrorNameType.StatesRuntime, problem)
        map_run(self, env, eval_input)

    replace(undo, DistributedIterationComponent, "_map_run", run)

    read = ResourceEvalS3.eval_resource

    def eval_resource(self: Any, env: Any) -> None:
        try:
            read(self, env)
        except ClientError as error:
            cause = error.response["Error"]["Message"]
            raise _failed(env, StatesErrorNameType.StatesItemReaderFailed, cause) from error

    replace(undo, ResourceEvalS3, "eval_resource", eval_resource)


def _failed(env: Any, error: StatesErrorNameType, cause: str) -> FailureEventException:
    details: Any = {"mapRunFailedEventDetails": {"error": error.to_name(), "cause": cause}}
    return FailureEventException(
        FailureEvent(env, StatesErrorName(error), HistoryEventType.MapRunFailed, details)
    )


def _count_failures(undo: ExitStack, worker: Any) -> None:
    eval_job = worker._eval_job

    def run(self: Any, env: Any, job: Any) -> None:
        eval_job(self, env, job)
        record = self._map_run_record
        failed = record.item_counter.failed.get() + record.item_counter.timed_out.get()
        if _exceeds(failed, self._job_pool._jobs_number, record):
            error = StatesErrorNameType.StatesExceedToleratedFailureThreshold
            details: Any = {"mapRunFailedEventDetails": {"error": error.to_name(), "cause": _CAUSE}}
            job.job_output = FailureEventException(
                FailureEvent(env, StatesErrorName(error), HistoryEventType.MapRunFailed, details)
            )

    replace(undo, worker, "_eval_job", run)


def _exceeds(failed: int, items: int, record: Any) -> bool:
    count, percentage = record.tolerated_failure_count or 0, record.tolerated_failure_percentage or 0
    if not failed:
        return False
    if not count and not percentage:
        return True
    return bool((count and failed > count) or (percentage and 100 * failed > percentage * items))


def _inline_pool(self: Any, job: Any, worker_frame: Any) -> None:
    """moto's IterationWorker._eval_pool, as a loop."""
    while job is not None:
        job_frame = worker_frame.open_inner_frame()
        self._eval_job(env=job_frame, job=job)
        worker_frame.close_frame(job_frame)
        if isinstance(job.job_output, Exception) or self.stopped():
            self._env.close_frame(worker_frame)
            self._job_pool.close_job(job)
            return
        following = self._job_pool.next_job()
        if following is None:
            # What happened last in this worker is what the following state's events refer to.
            worker_frame.event_history_context.source_event_id = (
                job_frame.event_history_context.last_published_event_id
            )
            self._env.close_frame(worker_frame)
            self._job_pool.close_job(job)
            return
        self._job_pool.close_job(job)
        job = following
    self._env.close_frame(worker_frame)


def _distributed_pool(self: Any, job: Any, worker_frame: Any) -> None:
    """moto's DistributedItemProcessorWorker._eval_pool, as a loop."""
    while job is not None:
        job_frame = worker_frame.open_inner_frame()
        self._eval_job(env=job_frame, job=job)
        worker_frame.delete_frame(job_frame)
        following = (
            None if isinstance(job.job_output, Exception) or self.stopped() else self._job_pool.next_job()
        )
        if following is None:
            self._env.delete_frame(worker_frame)
        self._job_pool.close_job(job)
        job = following
