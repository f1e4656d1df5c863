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
from moto.stepfunctions.models import StateMachine

from localaws import athena, aws_session, event_rules, instances
from localaws import mailbox as mailboxes
from localaws.application import Application
from localaws.cloudformation import backend as cloudformation
from localaws.cloudformation import change_sets, template_summary, template_url
from localaws.cloudformation.resource import Cloud
from localaws.deliveries import Deliveries
from localaws.durability.folder import StateFolder, usable
from localaws.durability.journal import Journal
from localaws.durability.keeper import Keeper
from localaws.http_server import HttpServer
from localaws.iam import managed_policies
from localaws.image_registry import ImageRegistry
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
    keep_all: Callable[[], None]  # call it after changes that no request brought
    sweep: Callable[[], int]


def start_parts(
    stopping: ExitStack,
    folder: Path,
    *,
    port: int,
    account: str,
    region: str,
    client: Callable[[str], Any],
    durable: bool,
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

    state = StateFolder(folder) if durable else None
    if state is not None:
        stopping.callback(state.release)
    with usable(state):
        journal = Journal(state.journal if state is not None else None)
    stopping.callback(journal.close)

    deliveries = Deliveries(journal)
    files = ObjectFiles(folder / "objects", journal)
    keeper = Keeper(journal, files)
    file_key.mend(stopping, files)
    keeper.patch(stopping)
    intake.mend(stopping)
    joined_parts.mend(stopping)
    streamed_get.mend(stopping)
    bucket_policies.mend(stopping)
    objects = S3Store(files, deliveries, keeper)

    mailbox = Mailbox(folder / "mailbox")
    mailboxes.mend(stopping, mailbox)

    app = Application(intake.Intake(files), deliveries, keeper)
    registry = ImageRegistry(app)
    server = HttpServer(registry, port)
    stopping.callback(server.server_close)
    endpoint = f"http://127.0.0.1:{server.server_address[1]}"
    if state is not None:
        state.tell(port=server.server_address[1])

    invoker = Invoker(folder / "code", endpoint, account, region, deliveries)
    stopping.callback(invoker.close)
    execution.mend(stopping, invoker, deliveries)
    events.mend(stopping, deliveries, invoker.invoke_later)
    event_rules.mend(stopping, deliveries, invoker.invoke_later)

    for part in (
        choices,
        definitions,
        error_codes,
        history,
        integrations,
        map_runs,
        parsing,
        starting,
        threads,
    ):
        part.mend(stopping)
    ending.mend(stopping, lambda: None)
    clients.mend(stopping, endpoint)
    lambda_tasks.mend(stopping, invoker)

    def cloud(of_account: str, of_region: str, stack: str) -> Cloud:
        return Cloud(client, of_region, of_account, stack)

    cloudformation.mend(stopping, cloud)
    for module in (change_sets, template_summary, template_url):
        module.patch(stopping)
    registry.patch(stopping, endpoint)

    with usable(state):
        old = state.snapshot if state is not None else None
        keeper.restore({(StateMachine, "executions"): list}, old)
        if state is not None and old is not None:
            state.migrated()
    stopping.callback(athena.install(objects, folder / "athena", kept=keeper.keep_query))
    stopping.callback(ending.stop_all)
    server.start()
    deliveries.restore()
    stopping.callback(keeper.stop)
    stopping.callback(deliveries.close)
    stopping.callback(server.stop)
    return Parts(endpoint, folder, mailbox, invoker, objects, keeper.keep_all, keeper.sweep)


def _forget_everything() -> None:
    """moto as it was when it was imported."""
    BackendDict.reset()
    reset_model_data()
    s3_backends.bucket_accounts.clear()
