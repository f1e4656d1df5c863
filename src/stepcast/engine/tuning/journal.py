"""Where a study is kept: records of what Optuna did, written a trial at a time, in JSON."""

import json
from typing import Any, Protocol

from optuna.storages.journal import BaseJournalBackend

__all__ = ["Journal", "NoJournal", "Records"]

Record = dict[str, Any]


class Journal(Protocol):
    """Keeps what it is given, beyond the life of this process."""

    def read(self) -> list[Record]:
        """All records, in the order in which they were added."""
        ...

    def add(self, number: int, records: list[Record]) -> None:
        """The records of trial ``number``, all or none."""
        ...


class NoJournal:
    """For a study that is not gone on with."""

    def read(self) -> list[Record]:
        return []

    def add(self, number: int, records: list[Record]) -> None:
        """Keep nothing."""


class Records(BaseJournalBackend):
    """The backend of Optuna's JournalStorage over a ``Journal``.

    Nothing is written before ``keep``: of a trial that was interrupted nothing is left, so its successor has
    its number, and by its seed its parameters.
    """

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._records = journal.read()
        self._kept = len(self._records)

    def read_logs(self, log_number_from: int) -> list[Record]:
        return self._records[log_number_from:]

    def append_logs(self, logs: list[Record]) -> None:
        self._records += json.loads(json.dumps(logs))

    def keep(self, number: int) -> None:
        """Add to the journal what came since the last time: all of trial ``number``."""
        self._journal.add(number, self._records[self._kept :])
        self._kept = len(self._records)
