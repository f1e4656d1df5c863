"""docs/how-to/neural.md with networks of one epoch: whether its lines run does not depend on more."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.cli.test_documented_lines import Reader

__all__ = ["prepared"]


@contextmanager
def prepared(page: Path, reader: "Reader") -> Iterator[None]:
    """What the page writes into params.json, with the number of epochs."""
    assert page.stem == "neural"
    once = ', "TrainingParameters": {"epochs": "1"}'
    for written in ('"AlgorithmArn": "arn:aws:forecast:::algorithm/CNN-QR"', '"AutoMLNetwork": "CNN-QR"'):
        reader.read_as[written] = written + once
    yield
