"""Finds template.yaml and its files: in a checkout, or in the installed package."""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stepcast.cli.failure import Failure
from stepcast.cli.function_names import snake

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
        """The given folder; else the checkout that this code runs from; else the package's folder."""
        if given is not None:
            if not (given / "template.yaml").is_file():
                raise Failure(f"{given} contains no template.yaml: set --project to a checkout, or omit it")
            return cls(given.resolve())
        for root in (CHECKOUT, INSTALLED):
            if (root / "template.yaml").is_file():
                return cls(root)
        raise Failure(f"template.yaml is in neither {CHECKOUT} nor {INSTALLED}: set --project to a checkout")

    @property
    def template(self) -> Path:
        return self.root / "template.yaml"

    @property
    def params(self) -> Path:
        return self.root / "params.json"

    @property
    def train(self) -> list[Path]:
        """The files of testing-data/train; Failure if the folder does not exist."""
        folder = self.root / "testing-data" / "train"
        if files := sorted(path for path in folder.glob("*") if path.is_file()):
            return files
        raise Failure(
            f"this needs the sample input, but {folder} does not exist (the installed package has none): "
            "start `stepcast up`, upload params.json and train/*.csv, and invoke the step there; or set "
            "--project to a checkout"
        )

    def event_file(self, function: str) -> Path:
        """The file with the recorded event of a function, by its logical id."""
        return self.root / "events" / f"{snake(function)}.json"

    def event(self, function: str) -> dict[str, Any]:
        """The recorded event of a function, by its logical id: TrainPredictorFunction."""
        path = self.event_file(function)
        if not path.is_file():
            raise Failure(f"{path} does not exist; `make events` creates it")
        event: dict[str, Any] = json.loads(path.read_text("utf-8"))
        return event

    def functions(self) -> list[str]:
        """Every function of the template, by logical id; read as text, because a shell waits for it."""
        return re.findall(r"^  (\w+Function):", self.template.read_text("utf-8"), re.MULTILINE)

    def steps(self) -> list[str]:
        """The functions of the state machine, by logical id, in the order of a successful run.

        Reconcile is among them, though only runs with a hierarchy have it.
        """
        definition = json.loads((self.root / "statemachine" / "forecast.asl.json").read_text("utf-8"))
        functions: list[str] = []
        name: str | None = definition["StartAt"]
        while name is not None:
            state = definition["States"][name]
            inner = state.get("ItemProcessor", {}).get("States", {}).values()
            tasks = [task for task in (state, *inner) if task["Type"] == "Task"]
            functions += [task["Resource"].removeprefix("${").removesuffix("Arn}") for task in tasks]
            name = state.get("Next", state.get("Default"))
            for choice in state.get("Choices", ()):
                if definition["States"][choice["Next"]].get("Next") == name:  # a detour, back to the way
                    name = choice["Next"]
        return functions
