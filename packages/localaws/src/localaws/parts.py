"""The parts of a running LocalAws, started in order and stopped in reverse order."""

import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from moto.core.base_backend import BackendDict
from moto.core.config import default_user_config
from moto.core.model_instances import reset_model_data
from moto.s3.models import s3_backends
from moto.stepfunctions.models import StateMachine

from localaws import athena, aws_session, event_rules, instances, quick_headers, request_costs
from localaws import mailbox as mailboxes
from localaws.activity import Listener, Reporter
from localaws.application import Application
from localaws.cloudformation import backend as cloudformation
from localaws.cloudformation import change_sets, template_summary, template_url
from localaws.cloudformation.resource import Cloud
from localaws.deliveries import Deliveries
from localaws.durability.folder import StateFolder, usable
from localaws.durability.journal import Journal
from localaws.durability.keeper import Keeper
from localaws.emr_serverless import api as emr_serverless
from localaws.emr_serverless.job_runs import JobRuns
from localaws.gate import moto_cors, post_policy
from localaws.gate.gate import Gate
from localaws.gate.hosts import Hosts
from localaws.gate.verifier import Verifier
from localaws.health import HEALTH_PATH, Health
from localaws.http_activity import RequestReporter
from localaws.http_server import HttpServer, WsgiApplication
from localaws.iam import caller_identity, managed_policies, topic_deliveries
from localaws.iam.access_keys import AccessKeys
from localaws.iam.athena_access import AthenaAccess
from localaws.iam.guard import Guard
from localaws.image_registry import ImageRegistry
from localaws.lambda_ import archives, execution
from localaws.lambda_.function_activity import ReportingInvoker
from localaws.lambda_.invoker import Invoker
from localaws.mailbox import Mailbox
from localaws.objects import ObjectStore
from localaws.patching import replace_item
from localaws.preload import NOTHING, Preload
from localaws.s3 import (
    bucket_policies,
    control_characters,
    events,
    file_key,
    intake,
    joined_parts,
    streamed_get,
    versions,
)
from localaws.s3.object_files import ObjectFiles
from localaws.s3.remote.bucket import RemoteBucket
from localaws.s3.remote.install import install as install_remote
from localaws.s3.store import S3Store
from localaws.states import (
    choices,
    clients,
    definitions,
    emr_serverless_tasks,
    error_codes,
    execution_activity,
    fail_names,
    integrations,
    lambda_tasks,
    old_executions,
    parsing,
    threads,
)
from localaws.states import (
    durable as executions,
)

__all__ = ["Parts", "start_parts"]

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Parts:
    """What a LocalAws gives access to."""

    endpoint: str
    folder: Path
    mailbox: Mailbox
    invoker: Invoker
    objects: ObjectStore
    keep_all: Callable[[], None]  # call it after changes that no request brought
    sweep: Callable[[], int]
    guard: Guard


def start_parts(
    stopping: ExitStack,
    folder: Path,
    *,
    host: str,
    port: int,
    keys: Mapping[str, str],
    auth: bool,
    allow_origins: Sequence[str],
    account: str,
    region: str,
    client: Callable[[str], Any],
    durable: bool,
    idle_seconds: float,
    iam: bool = True,
    on_activity: Listener | None = None,
    remote_buckets: Sequence[RemoteBucket] = (),
    handlers: Mapping[str, WsgiApplication] | None = None,
    preload: Preload = NOTHING,
) -> Parts:
    """Patch moto, and serve it from ``folder``, which keeps everything if it is ``durable``.

    With ``auth``, who calls must have one of ``keys`` (secrets by access key) or one of IAM's. Whatever was
    done, ``stopping`` undoes.
    """
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    _forget_everything()
    stopping.callback(_forget_everything)
    replace_item(stopping, default_user_config["stepfunctions"], "execute_state_machine", True)
    aws_session.patch(stopping)
    quick_headers.patch(stopping)
    instances.patch(stopping)
    managed_policies.patch(stopping)
    access_keys = AccessKeys(account, keys)
    caller_identity.patch(stopping, access_keys)
    guard = Guard(access_keys, account, region, enforced=iam)

    state = StateFolder(folder) if durable else None
    if state is not None:
        stopping.callback(state.release)
    with usable(state):
        journal = Journal(state.journal if state is not None else None)
    stopping.callback(journal.close)

    deliveries = Deliveries(journal)
    files = ObjectFiles(folder / "objects", journal)
    stopping.callback(files.close)
    keeper = Keeper(journal, files)
    file_key.patch(stopping, files)
    keeper.patch(stopping)
    intake.patch(stopping)
    joined_parts.patch(stopping)
    streamed_get.patch(stopping)
    versions.patch(stopping)
    control_characters.patch(stopping)
    bucket_policies.patch(stopping, guard.of_bucket)
    here = S3Store(files, deliveries, keeper)
    forward, objects = install_remote(stopping, remote_buckets, here, folder / "remote", journal, guard)
    handlers = handlers or {}

    mailbox = Mailbox(folder / "mailbox")
    mailboxes.patch(stopping, mailbox)

    report = Reporter(on_activity) if on_activity is not None else None
    health = Health(account, region)
    app = Application(intake.Intake(files), deliveries, keeper, guard, health, forward, handlers)
    registry = ImageRegistry(app)
    server = HttpServer(registry if report is None else RequestReporter(registry, report), port, host)
    stopping.callback(server.server_close)
    port = server.server_address[1]
    endpoint = f"http://{_reachable(host)}:{port}"
    if state is not None:
        state.describe_holder(port=port)
    verifier = Verifier(access_keys.secret, auth)
    app.gate = Gate(Hosts(host, port), verifier, allow_origins, [HEALTH_PATH, *handlers])
    moto_cors.patch(stopping)
    post_policy.patch(stopping, verifier.verify_form, guard.upload_problem)

    settings = (folder / "code", endpoint, account, region, deliveries, guard, preload, idle_seconds)
    invoker = Invoker(*settings) if report is None else ReportingInvoker(*settings, report=report)
    stopping.callback(invoker.close)
    archives.patch(stopping)
    execution.patch(stopping, invoker, deliveries)
    events.patch(stopping, deliveries, invoker.invoke_later, guard)
    topic_deliveries.patch(stopping, guard)
    event_rules.patch(stopping, deliveries, invoker.invoke_later, guard)

    for part in (
        choices,
        definitions,
        error_codes,
        integrations,
        parsing,
        threads,
    ):
        part.patch(stopping)
    # What executions leave is too much for memory, also where nothing is kept.
    of_executions = journal if durable else Journal(folder / "executions.sqlite", sync=False)
    stopping.callback(of_executions.close)
    running = executions.patch(stopping, of_executions, guard)
    fail_names.patch(stopping)
    if report is not None:
        execution_activity.patch(stopping, report)
    tasks_clients = clients.patch(stopping, endpoint, access_keys)
    job_runs = JobRuns(folder / "emr-serverless", endpoint, access_keys, keeper.keep_all)
    stopping.callback(job_runs.close)
    emr_serverless.patch(stopping, job_runs)
    emr_serverless_tasks.patch(stopping, tasks_clients)
    lambda_tasks.patch(stopping, invoker, guard)

    def cloud(of_account: str, of_region: str, stack: str) -> Cloud:
        return Cloud(client, of_region, of_account, stack)

    cloudformation.patch(stopping, cloud)
    for module in (change_sets, template_summary, template_url):
        module.patch(stopping)
    registry.patch(stopping, endpoint)

    with usable(state):
        old = state.snapshot if state is not None else None
        keeper.restore({(StateMachine, "executions"): list}, old)
        old_executions.adopt(of_executions, keeper.old_executions)
        running.load()
        if state is not None and old is not None:
            state.migrated()
    as_caller = AthenaAccess(guard).as_caller
    stopping.callback(athena.install(objects, folder / "athena", kept=keeper.keep_query, as_caller=as_caller))
    stopping.callback(running.close)
    request_costs.patch(stopping)  # when no method is added any more
    # Before the first request is answered: what that starts is not to be resumed. What is resumed
    # may send requests, which wait until the server starts.
    job_runs.restore()
    running.resume()
    deliveries.restore()
    server.start()
    stopping.callback(keeper.stop)
    stopping.callback(deliveries.close)
    stopping.callback(server.stop)
    return Parts(endpoint, folder, mailbox, invoker, objects, keeper.keep_all, keeper.sweep, guard)


def _reachable(host: str) -> str:
    """How this machine reaches a server that listens on ``host``."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared, not bound
    return f"[{host}]" if ":" in host else host


def _forget_everything() -> None:
    """moto as it was when it was imported."""
    BackendDict.reset()
    reset_model_data()
    s3_backends.bucket_accounts.clear()
