"""Where template.yaml and what belongs to it lie: a checkout, or the folder inside the installed package."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stepcast.cli.failure import Failure

__all__ = ["Project"]

PACKAGE = Path(__file__).parents[1]
INSTALLED = PACKAGE / "project"  # pyproject.toml puts it there (force-include)
CHECKOUT = PACKAGE.parents[1]


@dataclass(frozen=True)
class Project:
    """A folder with template.yaml, statemachine/, functions/, events/, params.json, perhaps testing-data/."""

    root: Path

    @classmethod
    def find(cls, given: Path | None = None) -> "Project":
        """The folder asked for; else the checkout that this code runs from; else the package's own."""
        if given is not None:
            if not (given / "template.yaml").is_file():
                raise Failure(
                    f"{given} holds no template.yaml: give --project a checkout's folder, or leave it out"
                )
            return cls(given.resolve())
        for root in (CHECKOUT, INSTALLED):
            if (root / "template.yaml").is_file():
                return cls(root)
        raise Failure(
            f"template.yaml is in neither {CHECKOUT} nor {INSTALLED}: give --project a checkout's folder"
        )

    @property
    def template(self) -> Path:
        return self.root / "template.yaml"

    @property
    def params(self) -> Path:
        return self.root / "params.json"

    @property
    def train(self) -> list[Path]:
        """The files of testing-data/train; Failure where the folder is absent."""
        folder = self.root / "testing-data" / "train"
        if files := sorted(path for path in folder.glob("*") if path.is_file()):
            return files
        raise Failure(
            f"{folder} is absent, and the recorded events speak of its files: run this in a checkout, "
            "name one with --project, or start `stepcast up` and upload your own"
        )

    def event(self, function: str) -> dict[str, Any]:
        """The recorded event of a function, by its logical id: TrainPredictorFunction."""
        step = function.removesuffix("Function")
        name = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in step).lstrip("_")
        path = self.root / "events" / f"{name}.json"
        if not path.is_file():
            raise Failure(f"{path} is absent: `make events` records it")
        event: dict[str, Any] = json.loads(path.read_text("utf-8"))
        return event

    def steps(self) -> list[str]:
        """The functions of the state machine, by logical id, in the order of a run that goes well."""
        definition = json.loads((self.root / "statemachine" / "forecast.asl.json").read_text("utf-8"))
        functions: list[str] = []
        name: str | None = definition["StartAt"]
        while name is not None:
            state = definition["States"][name]
            inner = state.get("ItemProcessor", {}).get("States", {}).values()
            tasks = [task for task in (state, *inner) if task["Type"] == "Task"]
            functions += [task["Resource"].removeprefix("${").removesuffix("Arn}") for task in tasks]
            name = state.get("Next", state.get("Default"))
        return functions
