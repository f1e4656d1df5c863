"""The parts of a running LocalAws, started in order and stopped in the reverse."""

import logging
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from moto.core.base_backend import BackendDict
from moto.core.config import default_user_config
from moto.core.model_instances import reset_model_data
from moto.s3.models import s3_backends

from localaws import athena, aws_session, event_rules, instances
from localaws import mailbox as mailboxes
from localaws.application import Application
from localaws.cloudformation import backend as cloudformation
from localaws.cloudformation.resource import Cloud
from localaws.deliveries import Deliveries
from localaws.durability.keeper import Keeper
from localaws.http_server import HttpServer
from localaws.iam import caller_identity, managed_policies, topic_deliveries
from localaws.iam.access_keys import AccessKeys
from localaws.iam.athena_access import AthenaAccess
from localaws.iam.guard import Guard
from localaws.lambda_ import execution
from localaws.lambda_.invoker import Invoker
from localaws.mailbox import Mailbox
from localaws.patching import replace_item
from localaws.s3 import bucket_policies, events, file_key, intake, joined_parts, streamed_get
from localaws.s3.object_files import ObjectFiles
from localaws.s3.store import S3Store
from localaws.states import (
    choices,
    clients,
    definitions,
    ending,
    error_codes,
    fail_names,
    history,
    integrations,
    lambda_tasks,
    map_runs,
    parsing,
    starting,
    threads,
)

__all__ = ["Parts", "start_parts"]

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Parts:
    """What a LocalAws hands out."""

    endpoint: str
    folder: Path
    mailbox: Mailbox
    invoker: Invoker
    objects: S3Store
    changed: Callable[[], None]  # tell it of changes that no request brought
    guard: Guard


def start_parts(
    stopping: ExitStack,
    folder: Path,
    *,
    port: int,
    account: str,
    region: str,
    client: Callable[[str], Any],
    durable: bool,
    iam: bool = True,
) -> Parts:
    """Mend moto, and serve it from ``folder``, which keeps everything if it is ``durable``.

    Whatever was done, ``stopping`` undoes.
    """
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    _forget_everything()
    stopping.callback(_forget_everything)
    replace_item(stopping, default_user_config["stepfunctions"], "execute_state_machine", True)
    aws_session.mend(stopping)
    instances.mend(stopping)
    managed_policies.mend(stopping)
    keys = AccessKeys(account)
    caller_identity.patch(stopping, keys)
    guard = Guard(keys, account, region, enforced=iam)

    keeper: Keeper | None = None

    def changed() -> None:
        if keeper is not None:
            keeper.touch()

    deliveries = Deliveries(changed)
    stopping.callback(deliveries.close)

    files = ObjectFiles(folder / "objects")
    file_key.mend(stopping, files)
    stopping.callback(files.close)  # before moto forgets its objects, and would remove their files
    intake.mend(stopping)
    joined_parts.mend(stopping)
    streamed_get.mend(stopping)
    bucket_policies.patch(stopping, guard.of_bucket)
    objects = S3Store(files, deliveries, changed)

    mailbox = Mailbox(folder / "mailbox")
    mailboxes.mend(stopping, mailbox)

    app = Application(intake=intake.Intake(files), held=deliveries.held, guard=guard)
    server = HttpServer(app, port)
    stopping.callback(server.server_close)
    endpoint = f"http://127.0.0.1:{server.server_address[1]}"

    invoker = Invoker(folder / "code", endpoint, account, region, deliveries, guard)
    stopping.callback(invoker.close)
    execution.mend(stopping, invoker, deliveries)
    events.mend(stopping, deliveries, invoker.invoke_later, guard)
    topic_deliveries.patch(stopping, guard)
    event_rules.mend(stopping, deliveries, invoker.invoke_later, guard)

    for part in (
        choices,
        definitions,
        error_codes,
        history,
        integrations,
        parsing,
        starting,
        threads,
    ):
        part.mend(stopping)
    ending.mend(stopping, changed)
    fail_names.patch(stopping)
    map_runs.mend(stopping, guard)
    clients.mend(stopping, endpoint, keys)
    lambda_tasks.mend(stopping, invoker, guard)

    def cloud(of_account: str, of_region: str, stack: str) -> Cloud:
        return Cloud(client, of_region, of_account, stack)

    cloudformation.mend(stopping, cloud)

    if durable:
        keeper = Keeper(folder, files)
        app.answered = keeper.answered

    stopping.callback(athena.install(objects, folder / "athena", as_caller=AthenaAccess(guard).as_caller))

    stopping.callback(ending.stop_all)
    server.start()
    if keeper is not None:
        stopping.callback(keeper.stop)
    stopping.callback(server.stop)
    return Parts(endpoint, folder, mailbox, invoker, objects, changed, guard)


def _forget_everything() -> None:
    """moto as it was when it was imported."""
    BackendDict.reset()
    reset_model_data()
    s3_backends.bucket_accounts.clear()
