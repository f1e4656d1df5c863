"""One query execution: the request, its state and its results."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

from localaws.athena.results.column_info import ColumnInfo

__all__ = ["FINAL", "QueryExecution"]

FINAL = ("SUCCEEDED", "FAILED", "CANCELLED")
_ENGINE = {"SelectedEngineVersion": "AUTO", "EffectiveEngineVersion": "Athena engine version 3"}
# https://docs.aws.amazon.com/athena/latest/ug/error-reference.html
_SYSTEM_ERROR, _USER_ERROR = (1, 200), (2, 1000)
_SYSTEM_CODES = {"GENERIC_INTERNAL_ERROR"}


@dataclass(slots=True)
class QueryExecution:
    """Kept in moto's Athena backend, and as JSON on disk: plain values only.

    Times are seconds since 1970. ``output`` is the folder of the result files; ``request`` is
    StartQueryExecution's.
    """

    id: str
    request: dict[str, Any]
    workgroup: str
    output: str
    kind: str
    subkind: str
    scope: str  # account and region: 123456789012/us-east-1
    state: str = "QUEUED"
    reason: str | None = None
    error_code: str | None = None
    submitted: float = field(default_factory=time.time)
    started: float | None = None
    completed: float | None = None
    scanned: int = 0  # bytes
    columns: tuple[ColumnInfo, ...] = ()
    location: str | None = None  # of the result file
    manifest: str | None = None
    update_count: int | None = None

    @property
    def status(self) -> str:
        """The state, under the name that moto knows."""
        return self.state

    def to_api(self) -> dict[str, Any]:
        """The QueryExecution of GetQueryExecution."""
        now = time.time()
        total = (self.completed or now) - self.submitted
        queued = (self.started or self.completed or now) - self.submitted
        statistics: dict[str, Any] = {
            "EngineExecutionTimeInMillis": round(max(total - queued, 0) * 1000),
            "DataScannedInBytes": self.scanned,
            "TotalExecutionTimeInMillis": round(total * 1000),
            "QueryQueueTimeInMillis": round(queued * 1000),
            "ResultReuseInformation": {"ReusedPreviousResult": False},
        }
        if self.manifest:
            statistics["DataManifestLocation"] = self.manifest
        given = self.request.get("ResultConfiguration") or {}
        answer: dict[str, Any] = {
            "QueryExecutionId": self.id,
            "Query": self.request["QueryString"],
            "StatementType": self.kind,
            "SubstatementType": self.subkind,
            "ResultConfiguration": {**given, "OutputLocation": self.location or self.output},
            "ResultReuseConfiguration": {"ResultReuseByAgeConfiguration": {"Enabled": False}},
            "QueryExecutionContext": self.request.get("QueryExecutionContext") or {},
            "Status": self._status(),
            "EngineVersion": _ENGINE,
            "Statistics": statistics,
            "WorkGroup": self.workgroup,
        }
        if parameters := self.request.get("ExecutionParameters"):
            answer["ExecutionParameters"] = parameters
        return answer

    def _status(self) -> dict[str, Any]:
        status: dict[str, Any] = {"State": self.state, "SubmissionDateTime": self.submitted}
        if self.completed is not None:
            status["CompletionDateTime"] = self.completed
        if self.reason is not None:
            status["StateChangeReason"] = self.reason
        if self.state == "FAILED":
            category, kind = _SYSTEM_ERROR if self.error_code in _SYSTEM_CODES else _USER_ERROR
            status["AthenaError"] = {
                "ErrorCategory": category,
                "ErrorType": kind,
                "Retryable": False,
                "ErrorMessage": self.reason or "",
            }
        return status
