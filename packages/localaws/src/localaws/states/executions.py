"""Every execution: started, found, stopped, redriven, and resumed after a restart.

An execution is rows of the journal: its description (kind ``execution``, see description.py), the text of its
definition (``definition``), its events (``history``, see replay.py), and while it runs what its history does
not say: ``retry``, ``token``, ``map_run`` and ``map_items``. What a client may have seen is on disk before:
the start and the stop before they are answered, the end before DescribeExecution returns it. Events are
written as they happen, and are on disk a moment later.
"""

import copy
import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from moto.stepfunctions.exceptions import ExecutionAlreadyExists, ExecutionDoesNotExist
from moto.stepfunctions.parser.api import ExecutionNotRedrivable
from moto.stepfunctions.parser.asl.eval.program_state import (
    ProgramEnded,
    ProgramError,
    ProgramTimedOut,
)
from moto.stepfunctions.parser.asl.parse.asl_parser import AmazonStateLanguageParser
from moto.stepfunctions.parser.asl.utils.encoding import to_json_str

from localaws.durability.journal import Journal, NotKept
from localaws.states.description import Description, definition_key, to_datetime
from localaws.states.environment import prepare
from localaws.states.execution import Execution
from localaws.states.run import Run, write_start
from localaws.states.task_tokens import TaskTokens
from localaws.states.worker_threads import WorkerThreads

__all__ = ["Executions"]

log = logging.getLogger(__name__)

_KEPT_SECONDS = 90 * 24 * 3600.0  # AWS forgets an execution so long after its end
_KINDS = ("execution", "history", "retry", "token", "map_run", "map_items")
_RECENT = 1000  # that ended are described from memory, if they are small: most are asked for soon after
_SMALL = 4096  # characters
_PATIENCE_SECONDS = 1.0  # between attempts to write an end to a full disk


class Executions:
    """The executions of all state machines, of every account and region."""

    def __init__(self, journal: Journal, tokens: TaskTokens) -> None:
        self.journal, self._tokens = journal, tokens
        self._found: dict[str, Execution] = {}
        self._of: dict[str, list[Execution]] = {}  # a machine or a map run, in the order of their starts
        self._lock = threading.Lock()
        self._closed = False
        self._threads = WorkerThreads()
        self._definitions: set[str] = set()  # that the journal has
        self._recent: OrderedDict[str, Description] = OrderedDict()
        self.before_end: list[Callable[[Run], None]] = []  # who keeps more of an execution that runs

    # What there is

    def find(self, arn: str) -> Execution:
        """The execution of that ARN.

        Raises:
            ExecutionDoesNotExist: there is none.
        """
        found = self._found.get(arn)
        if found is None:
            raise ExecutionDoesNotExist(f"Execution Does Not Exist: '{arn}'")
        return found

    def describe(self, execution: Execution) -> Description:
        """All its attributes."""
        run = execution.run
        if run is not None:
            return run.described
        if (recent := self._recent.get(execution.arn)) is not None:
            return recent
        (_, _, value), *_ = self.journal.rows("execution", execution.arn)
        return Description.decoded(value)

    def definition(self, execution: Execution) -> str:
        """The definition that it was started with."""
        run = execution.run
        return run.definition if run is not None else self._definition(self.describe(execution).definition)

    def of(self, owner: str) -> list[Execution]:
        """Those of a state machine or map run, the latest last."""
        with self._lock:
            return list(self._of.get(owner, ()))

    # What happens to them

    def start(self, arn: str, machine: Any, role: str, text: str) -> Execution:
        """Start an execution, or find the one that runs under that name with the same input."""
        key = definition_key(machine.definition)
        described = Description(machine.arn, role, key, text, time.time())
        run = Run(self.journal, arn, described, machine.definition)
        prepare(run)
        with self._lock:
            existing = self._found.get(arn)
            if existing is not None and not (existing.orphan and existing.run is None):
                if existing.run is not None and existing.run.described.input == text:
                    return existing
                raise ExecutionAlreadyExists(f"Execution Already Exists: '{arn}'")
            if existing is not None:
                self._forget(existing)
            if key not in self._definitions:
                self.journal.put("definition", key, "", machine.definition.encode())
                self._definitions.add(key)
            execution = Execution(arn, described, run)
            self._add(execution)
            self.journal.put("execution", arn, "", described.encoded())
        try:
            self.journal.barrier()
        finally:  # it exists, whether it could be stored or not
            self._in_thread(execution, run)
        return execution

    def stop(self, execution: Execution, error: str | None, cause: str | None) -> float:
        """Stop it, and return the time."""
        run = execution.run
        if run is not None:
            details = {
                name: value for name, value in (("error", error), ("cause", cause)) if value is not None
            }
            self._end(
                execution, run, "ABORTED", {"executionAbortedEventDetails": details}, error=error, cause=cause
            )
            run.env.set_stop(stop_date=to_datetime(time.time()), cause=cause, error=error)
            self._tokens.interrupt(run)
            while execution.run is run and not self._closed:  # somebody else ends it at this moment
                time.sleep(0.01)
        return execution.stopped or time.time()

    def redrive(self, execution: Execution, token: str | None) -> float:
        """Resume one that failed where it failed, and return the time.

        Raises:
            ExecutionNotRedrivable: it runs, has succeeded, or ended long ago.
        """
        with self._lock:
            described = self.describe(execution)
            if token and token == described.redrive_token and described.redriven:
                return described.redriven
            now = time.time()
            if (reason := execution.not_redrivable(now)) is not None:
                raise ExecutionNotRedrivable(reason)
            run = self._again(execution, described, now, token)
            prepare(run)
        self.journal.barrier()
        self._in_thread(execution, run)
        return now

    def forget_machine(self, machine: str) -> None:
        """The state machine was deleted: so are its executions that have ended; the others continue."""
        with self._lock:
            for execution in self._of.pop(machine, ()):
                execution.orphan = True
                if (run := execution.run) is None:
                    self._forget(execution)
                else:
                    run.described.orphan = True
                    self.journal.put("execution", execution.arn, "", run.described.encoded())

    # Children of distributed Maps, which their parent's threads evaluate

    def enter_child(self, parent: Run, arn: str, machine: str, map_run: str, text: str) -> Execution:
        """The child that is to be evaluated: new, as it stood, or (without ``run``) as it ended."""
        with self._lock:
            execution = self._found.get(arn)
            if execution is None:
                described = Description(
                    machine,
                    parent.described.role,
                    parent.described.definition,
                    text,
                    time.time(),
                    map_run=map_run,
                    parent=parent.arn,
                )
                run = Run(self.journal, arn, described, parent.definition)
                execution = Execution(arn, described, run)
                self._add(execution)
                self.journal.put("execution", arn, "", described.encoded(), lazy=True)
            elif execution.status != "SUCCEEDED" and execution.run is None:
                redriven, described = parent.described.redriven, self.describe(execution)
                if redriven and (execution.stopped or 0.0) < redriven:
                    self._again(execution, described, redriven, None)
            if self._closed and execution.run is not None:
                execution.run.close()  # it ends because localaws stops: the next start resumes it
            return execution

    def end_child(self, execution: Execution, run: Run, end: Any, output: str) -> str:
        """Keep how the evaluation of a child ended; returns its status."""
        return self._end_as(execution, run, end, output, lazy=True)

    # After a restart

    def resume(self) -> None:
        """Resume those that were running when the process ended."""
        for execution in list(self._found.values()):
            run = execution.run
            if run is None or execution.map_run:
                continue
            prepare(run)
            log.info("%s resumes after event %d", execution.arn, run.recorder.last)
            self._in_thread(execution, run)

    def close(self) -> None:
        """Leave those that run as they are: the next start resumes them."""
        self._closed = True
        with self._lock:
            runs = [execution.run for execution in self._found.values() if execution.run is not None]
        for run in runs:
            run.close()
        for run in runs:
            if hasattr(run, "env"):
                run.env.set_stop(stop_date=to_datetime(time.time()), cause=None, error=None)
            self._tokens.interrupt(run)

    def load(self) -> None:
        """Read what the journal has of them."""
        forgotten = time.time() - _KEPT_SECONDS
        loaded = []
        for arn, _, value in self.journal.rows("execution"):
            described = Description.decoded(value)
            execution = Execution(arn, described)
            if described.stopped is not None and described.stopped < forgotten:
                self._found[arn] = execution
                self._forget(execution)
            else:
                loaded.append((execution, described))
        for execution, described in sorted(loaded, key=lambda pair: pair[1].started):
            self._add(execution)
            self._definitions.add(described.definition)
            if described.status == "RUNNING":
                definition = self._definition(described.definition)
                execution.run = Run(self.journal, execution.arn, described, definition)
                execution.run.resume()
                self._tokens.expect(execution.run)
        for execution, described in loaded:
            run, parent = execution.run, self._found.get(described.parent or "")
            if run is not None and described.parent and (parent is None or parent.run is None):
                self._end(execution, run, "ABORTED", {"executionAbortedEventDetails": {}}, lazy=True)

    def _definition(self, key: str) -> str:
        (_, _, value), *_ = self.journal.rows("definition", key)
        return value.decode()

    def _add(self, execution: Execution) -> None:
        self._found[execution.arn] = execution
        if not execution.orphan:
            self._of.setdefault(execution.map_run or execution.machine, []).append(execution)

    def _forget(self, execution: Execution) -> None:
        del self._found[execution.arn]
        self._recent.pop(execution.arn, None)
        if not execution.map_run:
            for _, map_run, _ in self.journal.rows("map_run", execution.arn):
                for child in self._of.pop(map_run, ()):
                    self._forget(child)
        for kind in _KINDS:
            self.journal.clear(kind, execution.arn)

    def _again(self, execution: Execution, described: Description, now: float, token: str | None) -> Run:
        """Make it run again after it has failed."""
        described = copy.copy(described)
        described.status, described.redriven, described.redrive_token = "RUNNING", now, token
        described.redrives += 1
        described.stopped = described.output = described.error = described.cause = None
        run = Run(self.journal, execution.arn, described, self._definition(described.definition))
        for kind in ("retry", "token"):
            self.journal.clear(kind, execution.arn)
        run.resume()
        run.recorder.write(
            "ExecutionRedriven",
            details={"executionRedrivenEventDetails": {"redriveCount": described.redrives}},
        )
        run.resume()
        self.journal.put("execution", execution.arn, "", described.encoded())
        self._recent.pop(execution.arn, None)
        execution.run = run
        execution.update(described)
        return run

    def _in_thread(self, execution: Execution, run: Run) -> None:
        self._threads.run(execution.arn, self._evaluate, execution, run)

    def _evaluate(self, execution: Execution, run: Run) -> None:
        if run.recorder.last == 0:
            write_start(run)
        try:
            AmazonStateLanguageParser.parse(run.definition)[0].eval(run.env)
            output = to_json_str(run.env.states.get_input(), separators=(",", ":"))
        except Exception as error:
            log.exception("%s cannot continue", execution.arn)
            run.env.set_error({"error": "States.Runtime", "cause": f"{type(error).__name__}({error})"})
            output = "null"
        self._end_as(execution, run, run.env._program_state, output)
        self._tokens.interrupt(run)

    def _end_as(self, execution: Execution, run: Run, end: Any, output: str, *, lazy: bool = False) -> str:
        if isinstance(end, ProgramEnded):
            details: dict[str, Any] = {"output": output, "outputDetails": {"truncated": False}}
            self._end(
                execution,
                run,
                "SUCCEEDED",
                {"executionSucceededEventDetails": details},
                output=output,
                lazy=lazy,
            )
            return "SUCCEEDED"
        if isinstance(end, ProgramError):
            given = end.error or {}
            details = {name: given[name] for name in ("error", "cause") if given.get(name) is not None}
            self._end(
                execution, run, "FAILED", {"executionFailedEventDetails": details}, **details, lazy=lazy
            )
            return "FAILED"
        if isinstance(end, ProgramTimedOut):
            self._end(execution, run, "TIMED_OUT", {"executionTimedOutEventDetails": {}}, lazy=lazy)
            return "TIMED_OUT"
        self._end(execution, run, "ABORTED", {"executionAbortedEventDetails": {}}, lazy=lazy)
        return "ABORTED"

    def _end(
        self,
        execution: Execution,
        run: Run,
        status: str,
        event: dict[str, Any],
        *,
        output: str | None = None,
        error: str | None = None,
        cause: str | None = None,
        lazy: bool = False,
    ) -> None:
        """Keep the end, and then let it be seen. Only the first end counts."""
        if run.closed or not run.ending.acquire(blocking=False):
            return
        (kind,) = event
        described = copy.copy(run.described)
        described.status, described.stopped = status, time.time()
        described.output, described.error, described.cause = output, error, cause
        before = 0 if status == "ABORTED" else run.last_event()
        run.recorder.end(f"E{kind[1:].removesuffix('EventDetails')}", before, event)
        for keep in self.before_end:
            keep(run)
        run.finish(forget_items=status == "SUCCEEDED")
        self.journal.put("execution", execution.arn, "", described.encoded(), lazy=lazy)
        while not lazy and not self._kept(execution):
            time.sleep(_PATIENCE_SECONDS)
        with self._lock:
            described.orphan = execution.orphan
            if len(described.input) + len(output or cause or "") < _SMALL:
                self._recent[execution.arn] = described
                if len(self._recent) > _RECENT:
                    self._recent.popitem(last=False)
            execution.update(described)
            execution.run = None

    def _kept(self, execution: Execution) -> bool:
        try:
            self.journal.barrier()
        except NotKept as error:
            log.warning("%s has ended, but %s", execution.arn, error)
            return False
        return True
