"""Maps: which program an item is, how many run at once, and the runs of distributed Maps with their children.

Every item of a distributed Map is a separate execution with its own history, as on AWS; a finished one is
not evaluated again after a restart or a redrive. moto gives children no history and no ARN, reads the items
again, counts an item only when it begins, ends a map run as succeeded however many of its children failed
(tolerance is a TODO there), and a worker calls itself for each further item, so that about 900 items a worker
end in RecursionError (moto 5.2.5, stepfunctions/parser/asl/component/state/exec/state_map/iteration).

Source: https://docs.aws.amazon.com/step-functions/latest/dg/state-map-distributed.html
"""

import json
import logging
import uuid
from contextlib import ExitStack
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError
from moto.stepfunctions.exceptions import ResourceNotFound
from moto.stepfunctions.parser.api import HistoryEventType, MapRunStatus
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
from moto.stepfunctions.parser.asl.component.state.exec.state_map.iteration.inline_iteration_component import (  # noqa: E501 - moto's path
    InlineIterationComponent,
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
from moto.stepfunctions.parser.asl.component.state.exec.state_map.iteration.job import JobPool
from moto.stepfunctions.parser.asl.utils.encoding import to_json_str

from localaws.iam.evaluation import Access
from localaws.iam.guard import Guard
from localaws.patching import replace
from localaws.states.executions import Executions
from localaws.states.place import Context, Place, place_of
from localaws.states.run import Run, write_start

__all__ = ["MapRuns", "patch"]

log = logging.getLogger(__name__)

_CAUSE = "The specified tolerated failure threshold was exceeded"
_INLINE_CONCURRENCY = 40  # AWS's: more iterations of an inline Map wait
_DISTRIBUTED_CONCURRENCY = 1000  # as many as Lambda functions may run


class MapRuns:
    """What DescribeMapRun and ListMapRuns return."""

    def __init__(self, executions: Executions) -> None:
        self._journal = executions.journal
        self._live: dict[str, tuple[Run, Any]] = {}
        executions.before_end.append(self.abort)

    def begin(self, run: Run, record: Any) -> None:
        """A Map Run begins or resumes."""
        self._live[record.map_run_arn] = run, record
        self._keep(run, record)

    def end(self, run: Run, record: Any, status: Any) -> None:
        """It has ended."""
        record.set_stop(status=status)
        self._keep(run, record)
        if not run.closed:
            self._live.pop(record.map_run_arn, None)

    def abort(self, run: Run) -> None:
        """The execution ends: so do those of its map runs that run."""
        for of, record in list(self._live.values()):
            if of is run:
                self.end(run, record, MapRunStatus.ABORTED)

    def kept(self, map_run: str) -> dict[str, Any]:
        """The row of a map run.

        Raises:
            ResourceNotFound: there is none.
        """
        rows = self._journal.rows("map_run")
        found = next((value for _, key, value in rows if key == map_run), None)
        if found is None:
            raise ResourceNotFound(map_run)
        kept: dict[str, Any] = json.loads(found)
        return kept

    def describe(self, map_run: str) -> dict[str, Any]:
        """The answer of DescribeMapRun."""
        live = self._live.get(map_run)
        described: dict[str, Any] = _row(*live)["described"] if live else self.kept(map_run)["described"]
        return described

    def list(self, execution: str) -> list[dict[str, Any]]:
        """Those of an execution, in the order of their starts."""
        found = [json.loads(value)["listed"] for _, _, value in self._journal.rows("map_run", execution)]
        return sorted(found, key=lambda listed: str(listed["startDate"]))

    def live(self, map_run: str) -> Any:
        """moto's record of a map run that runs.

        Raises:
            ResourceNotFound: there is none.
        """
        if map_run not in self._live:
            raise ResourceNotFound(map_run)
        return self._live[map_run][1]

    def _keep(self, run: Run, record: Any) -> None:
        run.put("map_run", record.map_run_arn, _row(run, record))


def patch(undo: ExitStack, executions: Executions, map_runs: MapRuns, guard: Guard) -> None:
    """Replace how a Map takes items, evaluates them and reports them."""
    _name_reader_errors(undo)
    replace(undo, IterationWorker, "_eval_pool", _inline_pool)
    replace(undo, InlineIterationComponent, "_eval_body", _evaluate_inline)

    evaluate_iteration = IterationWorker._eval_job

    def evaluate_at_its_place(self: Any, env: Any, job: Any) -> None:
        env.event_history_context.place = place_of(env).child(job.job_index)
        evaluate_iteration(self, env, job)

    replace(undo, IterationWorker, "_eval_job", evaluate_at_its_place)

    def evaluate_child(self: Any, env: Any, job: Any) -> None:
        _evaluate_child(self, env, job, executions)

    for worker in (DistributedItemProcessorWorker, DistributedIteratorWorker):
        replace(undo, worker, "_eval_pool", _distributed_pool)
        replace(undo, worker, "_eval_job", evaluate_child)

    def evaluate_map_run(self: Any, env: Any) -> None:
        _evaluate_map_run(self, env, map_runs, guard)

    replace(undo, DistributedIterationComponent, "_eval_body", evaluate_map_run)


def _row(run: Run, record: Any) -> dict[str, Any]:
    described = {**record.describe(), "redriveCount": run.described.redrives}
    return {"described": described, "listed": record.list_item()}


def _require_permission(env: Any, guard: Guard) -> None:
    """Children are executions: the machine's role must be allowed to start its own machine.

    Source: https://docs.aws.amazon.com/step-functions/latest/dg/iam-policies-eg-dist-map.html
    """
    role = guard.machine(env.aws_execution_details.role_arn)
    machine = env.states.context_object.context_object_data["StateMachine"]["Id"]
    if problem := guard.problem(role, Access("states:StartExecution", machine)):
        raise _failed(env, StatesErrorNameType.StatesRuntime, problem)


def _name_reader_errors(undo: ExitStack) -> None:
    """An item reader's missing permission or missing object has an error name of its own."""
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


def _evaluate_inline(self: Any, env: Any) -> None:
    eval_input = env.stack.pop()
    _work(self, env, eval_input, eval_input.input_items, eval_input.max_concurrency, _INLINE_CONCURRENCY)


def _work(self: Any, env: Any, eval_input: Any, items: list[Any], concurrency: int, most: int) -> None:
    pool = JobPool(job_program=self._get_iteration_program(), job_inputs=items)
    for _ in range(min(len(items), concurrency or most, most)):
        self._launch_worker(env=env, eval_input=eval_input, job_pool=pool)
    pool.await_jobs()
    if (failure := pool.get_worker_exception()) is not None:
        raise failure
    env.stack.append([job.job_output for job in pool.get_closed_jobs()])


def _evaluate_map_run(self: Any, env: Any, map_runs: MapRuns, guard: Guard) -> None:
    eval_input = env.stack.pop()
    record, place = eval_input.map_run_record, place_of(env)
    run, before = place.run, place.expects("MapRunStarted")
    failed_before = _continue_record(env, record, before, map_runs) if before else False
    map_runs.begin(run, record)
    _event(env, "MapRunStarted", {"mapRunStartedEventDetails": {"mapRunArn": record.map_run_arn}})
    if failed_before:
        details = {"mapRunArn": record.map_run_arn, "redriveCount": run.described.redrives}
        _event(env, "MapRunRedriven", {"mapRunRedrivenEventDetails": details})
    try:
        _require_permission(env, guard)
        items = _items(env, eval_input, run, record, again=before is not None)
        for counter in (record.item_counter, record.execution_counter):
            counter.total.count(len(items))
            counter.pending.count(len(items))
        _work(self, env, eval_input, items, record.max_concurrency, _DISTRIBUTED_CONCURRENCY)
    except Exception as error:
        details = {}
        if isinstance(error, FailureEventException):
            pair = zip(("error", "cause"), error.extract_error_cause_pair() or (), strict=False)
            details = {name: value for name, value in pair if value}
        _event(env, "MapRunFailed", {"mapRunFailedEventDetails": details})
        map_runs.end(run, record, MapRunStatus.FAILED)
        raise
    _event(env, "MapRunSucceeded")
    map_runs.end(run, record, MapRunStatus.SUCCEEDED)


def _continue_record(env: Any, record: Any, started: Any, map_runs: MapRuns) -> bool:
    """Make moto's new record the one of the map run that has begun before; whether that one has failed."""
    pool = env.map_run_record_pool_manager._pool
    pool.pop(record.map_run_arn, None)
    record.map_run_arn = arn = started.details["mapRunStartedEventDetails"]["mapRunArn"]
    record.map_state_machine_arn = arn.replace(":mapRun:", ":stateMachine:").rpartition(":")[0]
    pool[arn] = record
    kept = map_runs.kept(arn)["described"]
    record.start_date = datetime.fromisoformat(kept["startDate"])
    return bool(kept["status"] in {"FAILED", "ABORTED"})


def _items(env: Any, eval_input: Any, run: Run, record: Any, *, again: bool) -> list[Any]:
    """The items; what a reader found is kept, since it may find others the next time."""
    if not eval_input.item_reader:
        given: list[Any] = eval_input.input_items
        return given
    if again:
        for key, kept in run.rows("map_items"):
            if key == record.map_run_arn:
                found: list[Any] = kept
                return found
    eval_input.item_reader.eval(env=env)
    read: list[Any] = env.stack.pop()
    run.put("map_items", record.map_run_arn, read)
    return read


def _evaluate_child(self: Any, env: Any, job: Any, executions: Executions) -> None:
    record, parent = self._map_run_record, place_of(env).run
    if not env.is_running():
        job.job_output = RuntimeError("the execution was stopped")  # so that no further item is taken
        return
    counters = (record.item_counter, record.execution_counter)
    for counter in counters:
        counter.pending.offset(-1)
        counter.running.count()
    job.job_output, status = None, "FAILED"
    try:
        env.states.context_object.context_object_data["Map"] = {
            "Item": {"Index": job.job_index, "Value": job.job_input}
        }
        env.states.reset(job.job_input)
        env.stack.append(env.states.get_input())
        self._eval_input(env_frame=env)
        text = to_json_str(env.states.get_input(), separators=(",", ":"))
        child = executions.enter_child(
            parent, _child_arn(record, job.job_index), record.map_state_machine_arn, record.map_run_arn, text
        )
        if (run := child.run) is not None:
            env.event_manager, env.event_history_context = run.recorder, Context(Place(run))
            run.env = env
            if run.recorder.last == 0:
                write_start(run)
            job.job_program.eval(env)
            output = env.states.get_input()
            status = executions.end_child(
                child, run, env._program_state, to_json_str(output, separators=(",", ":"))
            )
        else:
            status, output = child.status, json.loads(executions.describe(child).output or "null")
        if status == "SUCCEEDED":
            job.job_output = output
    except Exception as error:  # the item could not be selected
        log.warning("item %d of %s has failed: %s", job.job_index, record.map_run_arn, error)
    for counter in counters:
        counter.running.offset(-1)
        if status == "SUCCEEDED":
            counter.succeeded.count()
            counter.results_written.count()
        else:
            {"ABORTED": counter.aborted, "TIMED_OUT": counter.timed_out}.get(status, counter.failed).count()
    failed = record.item_counter.failed.get() + record.item_counter.timed_out.get()
    if _exceeds(failed, self._job_pool._jobs_number, record):
        job.job_output = _failed(env, StatesErrorNameType.StatesExceedToleratedFailureThreshold, _CAUSE)


def _child_arn(record: Any, index: int) -> str:
    """The same whenever it is asked for, so that a child is found again."""
    prefix = record.map_state_machine_arn.replace(":stateMachine:", ":execution:")
    return f"{prefix}:{uuid.uuid5(uuid.NAMESPACE_OID, f'{record.map_run_arn} {index}')}"


def _event(env: Any, kind: str, details: Any = None) -> None:
    env.event_manager.add_event(context=env.event_history_context, event_type=kind, event_details=details)


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
