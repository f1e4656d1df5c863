"""What the console needs to know of a deployed stack; the command line's ``Stack`` has it all."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

__all__ = ["Stack"]


class Stack(Protocol):
    """A deployed template and its clients."""

    @property
    def endpoint(self) -> str: ...

    @property
    def region(self) -> str: ...

    @property
    def outputs(self) -> Mapping[str, str]: ...

    @property
    def resources(self) -> Mapping[str, str]:
        """Physical ids by logical id."""
        ...

    @property
    def mailbox(self) -> Path | None:
        """The folder of messages; None where no copies are kept."""
        ...

    @property
    def credentials(self) -> Path | None:
        """The file with the required keys; None if any keys are accepted."""
        ...

    @property
    def bucket(self) -> str: ...

    @property
    def database(self) -> str: ...

    @property
    def state_machine(self) -> str: ...

    @property
    def s3(self) -> Any: ...

    @property
    def states(self) -> Any: ...

    def client(self, service: str) -> Any:
        """A boto3 client for this stack."""
        ...

    def function(self, name: str) -> str:
        """The physical name of a function, from any of its names."""
        ...
