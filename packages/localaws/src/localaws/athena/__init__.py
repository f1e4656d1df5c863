"""Athena, executed: its API over Glue tables in the local S3, with DuckDB as the engine."""

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from localaws.objects import ObjectStore

if TYPE_CHECKING:
    from localaws.athena.api import AsCaller
    from localaws.athena.executions import QueryExecution
    from localaws.athena.worker.limits import Limits

__all__ = ["install"]


def install(
    store: ObjectStore,
    workdir: Path,
    limits: "Limits | None" = None,
    as_caller: "AsCaller | None" = None,
    kept: Callable[["QueryExecution"], None] = lambda _: None,
) -> Callable[[], None]:
    """Replace moto's Athena, in this process, by one that runs queries; call the result to undo that.

    ``store`` is read for tables and written for results. ``workdir`` is a folder of the engine's own, which
    need not exist; on the file system of the stored objects it is fastest, because queries read hard links
    there. ``as_caller`` gives a query the catalog and the objects as its caller may see them. Install before
    the first request: a server that has begun to serve Athena keeps what it has. ``kept`` is called with each
    new state of a query before anybody can see it.
    """
    # Only here: worker processes import this package too, and start ten times faster without moto.
    import moto.athena.urls

    from localaws.athena.api import AthenaApi
    from localaws.athena.service import Service
    from localaws.patching import replace

    service = Service(store, workdir, limits, kept)

    def answer(request: Any, full_url: str, headers: Any) -> Any:
        return AthenaApi(service, as_caller or _everything)._dispatch(request, full_url, headers)

    undo = ExitStack()
    undo.callback(service.close)
    replace(undo, moto.athena.urls, "url_paths", {"{0}/$": answer})
    return undo.close


def _everything(account: str, region: str, catalog: Any, store: ObjectStore) -> tuple[Any, ObjectStore]:
    del account, region
    return catalog, store
