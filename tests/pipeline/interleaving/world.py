"""A bucket, a catalog and the executions that work on them; it can be set back to any moment before."""

import copy
import json
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import boto3
from botocore.client import BaseClient
from moto.core import DEFAULT_ACCOUNT_ID
from moto.glue.models import glue_backends
from moto.s3.models import FakeKey, s3_backends

from localaws.s3 import versions
from stepcast.pipeline import layout
from stepcast.pipeline.run import Run, ShardRun
from stepcast.pipeline.steps.cleanup import CleanupRun, cleanup
from stepcast.pipeline.steps.create_dataset import create_dataset
from stepcast.pipeline.steps.export import export
from stepcast.pipeline.steps.fit_shared import fit_shared
from stepcast.pipeline.steps.forecast import forecast
from stepcast.pipeline.steps.import_data import import_data
from stepcast.pipeline.steps.monitor_drift import monitor_drift
from stepcast.pipeline.steps.notify import Ending, notify
from stepcast.pipeline.steps.start_execution import start_execution
from stepcast.pipeline.steps.train_predictor import train_predictor
from stepcast.pipeline.steps.update_athena import update_athena
from tests.pipeline.given import params_bytes
from tests.pipeline.interleaving.machine import Execution, Killed, go_on
from tests.pipeline.interleaving.memory import Contents, Outcome, recorded
from tests.pipeline.mocked import mocked_aws

__all__ = ["BUCKET", "NOON", "Moment", "World", "before_call", "killed_before", "the_world"]

BUCKET, DATABASE, REGION = "stepcast-test", "default", "us-east-1"
MACHINE = f"arn:aws:states:{REGION}:{DEFAULT_ACCOUNT_ID}:stateMachine:forecast"
NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
# One model, cheap and exact: what is tried here is who may write where, not how well it is forecast.
CHEAP = {
    "Predictor__AlgorithmArn": "arn:aws:forecast:::algorithm/NPTS",
    "Predictor__PerformAutoML": ...,
    "Predictor__ForecastHorizon": 2,
}
WRITES = re.compile("^(Put|Delete|Copy|Create|Update|Batch)")
_TIME = re.compile(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)")
_VERSION = re.compile(rb"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True)
class Moment:
    """All that there is at one moment; equal moments have equal futures."""

    objects: frozenset[tuple[str, str]]  # keys and what lies there, but for the times in it
    tables: str
    executions: tuple[Execution, ...]
    uploaded: int
    events: tuple[int, ...]


class World:
    """Uploads inputs, one after the other, and delivers their events whenever it is told to."""

    def __init__(self, *, versioned: bool) -> None:
        self.versioned = versioned
        self.s3, self.sns = boto3.client("s3"), boto3.client("sns")
        self.cloudwatch = boto3.client("cloudwatch")
        self.topic = self.sns.create_topic(Name="stepcast")["TopicArn"]
        self.s3.create_bucket(Bucket=BUCKET)
        if versioned:
            self.s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
        self.s3.put_object(Bucket=BUCKET, Key=layout.PARAMS, Body=params_bytes(**CHEAP))
        self.inputs: tuple[str, ...] = ()
        self.clocks: tuple[datetime, ...] = ()
        self.executions: dict[str, Execution] = {}
        self.uploaded, self.events = 0, list[int]()
        self._bodies: dict[str, bytes] = {}
        self._plain: dict[str, str] = {}
        self._catalogs: dict[str, Any] = {}
        self._outcomes: dict[Execution, list[Outcome]] = {}
        self._empty = self.now()

    def begin(self, inputs: tuple[str, ...], clocks: tuple[datetime, ...] = (NOON,)) -> None:
        """Start afresh, with other inputs; what was seen before is still known."""
        self.set_back(self._empty)
        self.inputs, self.clocks = inputs, clocks

    # ---- what can happen ----

    def upload(self) -> None:
        """Put the next input; its event is on the way."""
        self.s3.put_object(Bucket=BUCKET, Key=f"{layout.TRAIN}a.csv", Body=self.inputs[self.uploaded])
        self.events.append(self.uploaded)
        self.uploaded += 1

    def deliver(self, event: int) -> None:
        """Let StartExecution have the event of an upload; its own clock says when."""
        self.events.remove(event)
        record = {"eventTime": _time(event).isoformat(), "s3": {"bucket": {"name": BUCKET}}}
        start_execution(
            {"Records": [record]},
            s3=self.s3,
            states=self._states(),
            state_machine=MACHINE,
            settle_seconds=0,
            looked={},
            now=self.clocks[min(len(self.executions), len(self.clocks) - 1)],
        )

    def step(self, arn: str) -> None:
        """Let an execution do one state, or what is known to come of it."""
        before, execution = self.now(), self.executions[arn]
        objects = dict(before.objects)
        for known in self._outcomes.get(execution, ()):
            if known.holds(objects, before.tables):
                self._lay(known.written, known.catalog)
                self.executions[arn] = known.execution
                return
        with recorded() as calls:
            self.step_anew(arn)
        if calls:  # else it depends on the time at most, and costs nothing
            after = self.now()
            tables = before.tables, after.tables
            outcome = Outcome.of(calls, objects, dict(after.objects), tables, self.executions[arn])
            self._outcomes.setdefault(execution, []).append(outcome)

    def step_anew(self, arn: str) -> None:
        """Let an execution do one state, though it may be known what comes of it: it is disturbed."""
        self.executions[arn] = go_on(self.executions[arn], self._work, self._shards, self._clock())

    def start_by_hand(self, name: str, given: str) -> str:
        """As one does in a console: a new execution with an input of one's own."""
        self._states().start_execution(stateMachineArn=MACHINE, name=name, input=given)
        return f"{MACHINE.replace(':stateMachine:', ':execution:')}:{name}"

    def finish_running(self) -> None:
        """Let every execution end, in turns."""
        while running := self.running():
            for arn in running:
                self.step(arn)

    def running(self) -> list[str]:
        return [arn for arn, execution in self.executions.items() if execution.status == "RUNNING"]

    def finish(self) -> None:
        """Let everything happen that has not yet, in order."""
        while self.uploaded < len(self.inputs) or self.events:
            if self.uploaded < len(self.inputs):
                self.upload()
            while self.events:
                self.deliver(self.events[0])
            self.finish_running()

    # ---- moments ----

    def now(self) -> Moment:
        objects = frozenset((key, self._kept(key, etag)) for key, etag in self._listed().items())
        tables = self._tables()
        if tables not in self._catalogs:
            catalog = glue_backends[DEFAULT_ACCOUNT_ID][REGION].databases
            self._catalogs[tables] = copy.deepcopy(catalog)
        return Moment(objects, tables, tuple(self.executions.values()), self.uploaded, tuple(self.events))

    def set_back(self, moment: Moment) -> None:
        wanted, there = dict(moment.objects), self._bucket().keys
        self._lay({key: wanted.get(key) for key in {*there, *wanted}}, moment.tables)
        self.executions = {execution.arn: execution for execution in moment.executions}
        self.uploaded, self.events = moment.uploaded, list(moment.events)

    def under(self, prefix: str = "") -> list[str]:
        return sorted(key for key in self._listed() if key.startswith(prefix))

    def body(self, key: str) -> bytes:
        return bytes(self._bucket().keys[key].value)

    def tables(self) -> dict[str, dict[str, Any]]:
        """Location and parameters of every table, and the vintages that are partitions of the history."""
        catalog = glue_backends[DEFAULT_ACCOUNT_ID][REGION].databases
        return {str(entry["Name"]): entry for entry in _described(catalog)}

    # ---- inside ----

    def _lay(self, objects: Contents, tables: str | None) -> None:
        """Put and delete these objects, unless they are so already; and the catalog, unless it is None."""
        backend, there = s3_backends[DEFAULT_ACCOUNT_ID]["aws"], self._listed()
        for key, kept in objects.items():
            if kept is None and key in there:
                backend.delete_object(BUCKET, key)
            elif kept is not None and there.get(key) != self._plain[kept]:
                backend.put_object(BUCKET, key, self._bodies[self._plain[kept]])
        if tables is not None and tables != self._tables():
            glue_backends[DEFAULT_ACCOUNT_ID][REGION].databases = copy.deepcopy(self._catalogs[tables])

    def _tables(self) -> str:
        catalog = glue_backends[DEFAULT_ACCOUNT_ID][REGION].databases
        return json.dumps(_described(catalog), sort_keys=True, default=str)

    def _clock(self) -> datetime:
        """When an execution goes on."""
        return _time(self.uploaded, -0.5)

    def _listed(self) -> dict[str, str]:
        return {key: there.etag for key, there in self._bucket().keys.items() if isinstance(there, FakeKey)}

    def _bucket(self) -> Any:
        return s3_backends[DEFAULT_ACCOUNT_ID]["aws"].buckets[BUCKET]

    def _kept(self, key: str, etag: str) -> str:
        """A name of what lies there: the same for bodies that differ only by times and versions."""
        if etag not in self._bodies:
            self._bodies[etag] = self.body(key)
        plain = etag
        if key.endswith(".json"):
            plain = _VERSION.sub(b"", _TIME.sub(b"", self._bodies[etag])).hex()
        elif key.startswith(layout.LINEAGE):
            plain = key
        self._plain.setdefault(plain, etag)
        return plain

    def _states(self) -> Any:
        """Step Functions as StartExecution sees it."""

        class ExecutionAlreadyExists(Exception):
            pass

        def start(*, stateMachineArn: str, name: str, input: str) -> None:  # noqa: N803 - its word
            arn = f"{stateMachineArn.replace(':stateMachine:', ':execution:')}:{name}"
            if arn in self.executions:
                raise ExecutionAlreadyExists
            self.executions[arn] = Execution(arn, _time(self.uploaded, -0.9), input, input)

        def describe(*, executionArn: str) -> dict[str, Any]:  # noqa: N803 - the API's word
            execution = self.executions[executionArn]
            times = {"startDate": execution.started_at, "stopDate": execution.stopped}
            return {"status": execution.status, **times}

        def history(*, executionArn: str, reverseOrder: bool) -> Iterator[dict[str, Any]]:  # noqa: N803 - as above
            assert reverseOrder
            entered = {"stateEnteredEventDetails": {"name": self.executions[executionArn].state}}
            yield {"events": [{"type": "LambdaFunctionScheduled"}, entered]}

        def listed(*, stateMachineArn: str, statusFilter: str) -> Iterator[dict[str, Any]]:  # noqa: N803 - as above
            assert (stateMachineArn, statusFilter) == (MACHINE, "RUNNING")
            running = [self.executions[arn] for arn in self.running()]
            yield {"executions": [{"startDate": each.started_at} for each in running]}

        pages = {"get_execution_history": history, "list_executions": listed}
        errors = SimpleNamespace(ExecutionAlreadyExists=ExecutionAlreadyExists)
        return SimpleNamespace(
            start_execution=start,
            describe_execution=describe,
            exceptions=errors,
            get_paginator=lambda operation: SimpleNamespace(paginate=pages[operation]),
        )

    def _shards(self, key: str) -> list[Any]:
        return list(json.loads(self.s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()))

    def _work(self, function: str, event: dict[str, Any]) -> dict[str, Any]:
        """What the handler in functions/ does."""
        run, s3 = Run.model_validate(event), self.s3
        if function == "CreateDataset":
            answer: Run = create_dataset(run, s3=s3, execution=event.get("execution"))
        elif function == "ImportData":
            answer = import_data(run, s3=s3)
        elif function == "MonitorDrift":
            answer = monitor_drift(run, s3=s3, cloudwatch=self.cloudwatch, arn="arn:aws:forecast:x:1:")
        elif function == "FitShared":
            answer = fit_shared(run, s3=s3)
        elif function == "TrainPredictor":
            answer = train_predictor(ShardRun.model_validate(event), s3=s3)
        elif function == "Forecast":
            answer = forecast(ShardRun.model_validate(event), s3=s3)
        elif function == "Export":
            answer = export(run, s3=s3, cloudwatch=self.cloudwatch)
        elif function == "UpdateAthena":
            answer = update_athena(run, s3=s3, database=DATABASE)
        elif function == "Notify":
            answer = notify(Ending.model_validate(event), s3=s3, sns=self.sns, topic=self.topic)
        else:
            answer = cleanup(CleanupRun.model_validate(event), s3=s3)
        return answer.model_dump(mode="json")


@contextmanager
def the_world(*, versioned: bool = False) -> Iterator[World]:
    clients: dict[Any, Any] = {}
    make = boto3.Session.client

    def client(session: boto3.Session, service_name: str, **options: Any) -> Any:
        if service_name not in clients:  # awswrangler would make one for each call
            clients[service_name] = make(session, service_name, **options)
        return clients[service_name]

    with mocked_aws(), patch.object(boto3.Session, "client", client), ExitStack() as undo:
        versions.patch(undo)
        try:
            yield World(versioned=versioned)
        finally:
            for made in clients.values():
                made.close()


@contextmanager
def before_call(number: int, act: Callable[[], None]) -> Iterator[list[str]]:
    """``act`` before the ``number``-th call to AWS; yields the names of all but those of ``act``."""
    names: list[str] = []
    original = BaseClient._make_api_call
    acting = False

    def call(client: Any, operation: str, given: Any) -> Any:
        nonlocal acting
        if not acting:
            names.append(operation)
            if len(names) == number:
                acting = True
                act()
                acting = False
        return original(client, operation, given)

    with patch.object(BaseClient, "_make_api_call", call):
        yield names


@contextmanager
def killed_before(number: int) -> Iterator[list[str]]:
    """Kill the function before its ``number``-th write; yields the names of the writes so far."""
    names: list[str] = []
    original = BaseClient._make_api_call

    def call(client: Any, operation: str, given: Any) -> Any:
        if WRITES.match(operation):
            names.append(operation)
        if len(names) >= number:  # and nothing more after it
            raise Killed
        return original(client, operation, given)

    with patch.object(BaseClient, "_make_api_call", call), suppress(Killed):
        yield names


def _time(upload: int, offset: float = 0.0) -> datetime:
    """Uploads come a minute apart; what ends between two of them ends between these times."""
    return NOON + timedelta(minutes=upload + offset)


def _described(catalog: Any) -> list[dict[str, Any]]:
    found = []
    for database in catalog.values():
        for table in database.tables.values():
            now = table.as_dict()
            partitions = [partition.as_dict() for partition in table.partitions.values()]
            found.append(
                {
                    "Name": table.name,
                    "Location": now["StorageDescriptor"]["Location"],
                    "Columns": now["StorageDescriptor"]["Columns"],
                    "Parameters": now["Parameters"],
                    "Partitions": {
                        each["Values"][0]: each["StorageDescriptor"]["Location"] for each in partitions
                    },
                }
            )
    return sorted(found, key=lambda entry: str(entry["Name"]))
