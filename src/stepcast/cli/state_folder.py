"""The folder in which ``stepcast up`` keeps its state: which one it is, who holds it, how it goes."""

import json
import shutil
from pathlib import Path

from stepcast.cli.failure import Failure
from stepcast.cli.running import Running, holder

__all__ = ["DEFAULT", "StateFolder"]

DEFAULT = Path(".stepcast")
MARKER = "stepcast.json"  # only a folder that has it is ever deleted


class StateFolder:
    """A folder of ours; what others put somewhere is never taken for one."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __str__(self) -> str:
        return str(self.path)

    def claim(self, region: str | None, store: str | None = None) -> str:
        """Make it, or take it as it is; the region that it belongs to.

        Failure where the folder holds anything else, where a stack runs with it, or where it was made for
        another region. ``store`` is where the objects lie, None for the folder itself: that stays so, too.
        """
        if self.path.exists() and not self.path.is_dir():
            raise Failure(f"{self.path} is a file: choose another --state")
        if (running := self.holder()) is not None:
            raise Failure(
                f"a stack with the state in {self.path} runs already{running.where}: "
                "use it, stop it with `stepcast down`, or choose another --state"
            )
        if not self.is_ours() and not self._is_free():
            raise Failure(f"{self.path} holds files that are no state of stepcast: choose another --state")
        where = self._kept().get("store")
        if where and not store:
            raise Failure(
                f"the objects of the state in {self.path} lie in the store at {where}: "
                f"give --store-url {where} and its --bucket"
            )
        if store and not where and self.is_ours():
            raise Failure(
                f"the state in {self.path} keeps objects of its own: choose another --state for a store"
            )
        kept = self._kept().get("region")
        if region and kept and region != kept:
            raise Failure(
                f"the state in {self.path} is of the region {kept}: leave --region out, choose another "
                "--state, or begin anew with `stepcast down --delete`"
            )
        chosen = str(region or kept or "us-east-1")
        self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
        (self.path / ".gitignore").write_text("*\n", encoding="utf-8")
        marker = {"made_by": "stepcast up", "region": chosen, **({"store": store} if store else {})}
        (self.path / MARKER).write_text(json.dumps(marker, indent=2) + "\n", encoding="utf-8")
        return chosen

    def is_ours(self) -> bool:
        """Whether ``stepcast up`` made it."""
        return self._kept().get("made_by") == "stepcast up"

    def holder(self) -> Running | None:
        """The stack that runs with it."""
        return holder(self.path)

    def delete(self) -> None:
        """Remove it with everything in it; Failure where it is not ours, or in use."""
        if self.path.is_symlink():
            raise Failure(f"{self.path} is a symbolic link: delete what it leads to with --state")
        if not self.is_ours():
            raise Failure(f"{self.path} was not made by stepcast up: nothing was deleted")
        if (running := self.holder()) is not None:
            raise Failure(f"{self.path} is in use{running.where}: nothing was deleted")
        shutil.rmtree(self.path)

    def _kept(self) -> dict[str, str]:
        try:
            kept = json.loads((self.path / MARKER).read_text("utf-8"))
        except (FileNotFoundError, NotADirectoryError, ValueError):
            return {}
        return kept if isinstance(kept, dict) else {}

    def _is_free(self) -> bool:
        """Whether nothing is in it, or what an earlier version left, which did not mark it."""
        if not self.path.exists() or not any(self.path.iterdir()):
            return True
        return (self.path / "mailbox").is_dir() and (self.path / "objects").is_dir()
