"""The folder in which ``stepcast up`` keeps its state: how it is claimed, held and deleted."""

import json
import shutil
from pathlib import Path

from stepcast.cli.failure import Failure
from stepcast.cli.running import Running, holder

__all__ = ["DEFAULT", "StateFolder"]

DEFAULT = Path(".stepcast")
MARKER = "stepcast.json"  # only folders with this file are ever deleted


class StateFolder:
    """A state folder, never confused with folders created by others."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __str__(self) -> str:
        return str(self.path)

    def claim(self, region: str | None) -> str:
        """Create or reuse the folder; return its region.

        Failure if the folder contains anything else, is used by a stack, or was created for another
        region.
        """
        if self.path.exists() and not self.path.is_dir():
            raise Failure(f"{self.path} is a file: choose another --state")
        if (running := self.holder()) is not None:
            raise Failure(
                f"a stack with the state in {self.path} is already running{running.where}: "
                "use it, stop it with `stepcast down`, or choose another --state"
            )
        if not self.is_ours() and not self._is_free():
            raise Failure(
                f"{self.path} contains other files and is not a state folder of stepcast: choose another "
                "--state"
            )
        kept = self._kept().get("region")
        if region and kept and region != kept:
            raise Failure(
                f"the state in {self.path} belongs to region {kept}: omit --region, choose another "
                "--state, or start over with `stepcast down --delete`"
            )
        chosen = str(region or kept or "us-east-1")
        self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
        (self.path / ".gitignore").write_text("*\n", encoding="utf-8")
        marker = {"made_by": "stepcast up", "region": chosen}
        (self.path / MARKER).write_text(json.dumps(marker, indent=2) + "\n", encoding="utf-8")
        return chosen

    def is_ours(self) -> bool:
        """Whether ``stepcast up`` created it."""
        return self._kept().get("made_by") == "stepcast up"

    def holder(self) -> Running | None:
        """The stack that uses it."""
        return holder(self.path)

    def delete(self) -> None:
        """Remove it with its contents; Failure if it is not a state folder, or in use."""
        if self.path.is_symlink():
            raise Failure(f"{self.path} is a symbolic link: delete its target with --state")
        if not self.is_ours():
            raise Failure(f"{self.path} was not created by stepcast up; nothing was deleted")
        if (running := self.holder()) is not None:
            raise Failure(f"{self.path} is in use{running.where}; nothing was deleted")
        shutil.rmtree(self.path)

    def _kept(self) -> dict[str, str]:
        try:
            kept = json.loads((self.path / MARKER).read_text("utf-8"))
        except (FileNotFoundError, NotADirectoryError, ValueError):
            return {}
        return kept if isinstance(kept, dict) else {}

    def _is_free(self) -> bool:
        """Whether it is empty, or was left by an earlier version, which did not mark it."""
        if not self.path.exists() or not any(self.path.iterdir()):
            return True
        return (self.path / "mailbox").is_dir() and (self.path / "objects").is_dir()
