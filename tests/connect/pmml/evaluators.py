"""JPMML and PMML4S, asked for many files in one start of the Java virtual machine."""

import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.services import pmml
from tests.services.server import Absent

__all__ = ["Answer", "Question", "evaluate"]

PATIENCE = 300  # seconds; a watchdog, not a measure


@dataclass(frozen=True)
class Question:
    file: Path
    fields: dict[str, object]


@dataclass(frozen=True)
class Answer:
    """``refusal`` is empty where there are ``outputs``."""

    outputs: dict[str, float]
    refusal: str


def evaluate(questions: Sequence[Question]) -> list[tuple[Answer, Answer]]:
    """What JPMML and PMML4S answer; JPMML verifies each file first. Skips where they were not brought."""
    program = pmml.SERVICE.find()
    if program is None:
        pytest.skip(str(Absent("pmml")))
    lines = [
        "\t".join([str(one.file), *(f"{name}={value}" for name, value in one.fields.items())])
        for one in questions
    ]
    done = subprocess.run(
        [str(program), str(pmml.PROGRAM)],
        input="".join(f"{line}\n" for line in lines),
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=PATIENCE,
        env={**os.environ, **pmml.SERVICE.environment},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    told = [_answer(line) for line in done.stdout.splitlines()]
    assert len(told) == 2 * len(questions), done.stderr
    return list(zip(told[::2], told[1::2], strict=True))


def _answer(line: str) -> Answer:
    _, *parts = line.split("\t")
    if parts and parts[0].startswith("!"):
        return Answer({}, parts[0][1:])
    pairs = (part.split("=", 1) for part in parts)
    return Answer({name: float("nan" if value == "null" else value) for name, value in pairs}, "")
