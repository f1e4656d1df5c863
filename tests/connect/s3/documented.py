"""What docs/how-to/stores.md refers to: a SeaweedFS on the port that it names."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tests.services import running, seaweedfs

if TYPE_CHECKING:
    from tests.cli.test_documented_lines import Reader


@contextmanager
def prepared(_: Path, reader: "Reader") -> Iterator[None]:
    """A store on a port of its own, because others may run one."""
    (reader.folder / "store" / "data").mkdir(parents=True)
    with running(seaweedfs.SERVICE, reader.folder / "store") as store:
        reader.read_as["8333"] = str(store.port)
        try:
            yield
        finally:
            reader.leave()
