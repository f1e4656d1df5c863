"""Clients that read and change nothing, whatever they are asked to do."""

import re
from typing import Any

import boto3

__all__ = ["ChangesRefused", "is_reading", "refuse_changes"]

# Everything that the console reads with, and nothing else: a new operation is refused until it is listed.
READING = {
    "s3": {"GetObject", "HeadBucket", "HeadObject", "ListObjectsV2"},
    "stepfunctions": {
        "DescribeExecution",
        "DescribeMapRun",
        "DescribeStateMachineForExecution",
        "GetExecutionHistory",
        "ListExecutions",
    },
    "athena": {"GetQueryExecution", "GetQueryResults", "StartQueryExecution", "StopQueryExecution"},
    "glue": {"GetTables"},
    "logs": {"FilterLogEvents"},
    "cloudwatch": {"DescribeAlarms"},
    "cloudformation": {"DescribeStacks", "ListStackResources"},
    "sts": {"GetCallerIdentity"},
}
_COMMENT = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)
_READS = re.compile(
    r"\s*(\(\s*)*(SELECT|WITH|VALUES|SHOW|DESCRIBE|DESC|EXPLAIN(?!\s+ANALYZE))\b", re.IGNORECASE
)


class ChangesRefused(Exception):
    """A client was asked to change something; nothing has been sent."""

    def __init__(self, operation: str, why: str) -> None:
        super().__init__(operation, why)
        self.operation, self.why = operation, why

    def __str__(self) -> str:
        return f"{self.operation} is not sent: {self.why}"


def is_reading(sql: str) -> bool:
    """Whether a statement only reads.

    Athena runs one statement at a time, and what begins so cannot write: INSERT, UNLOAD, CREATE TABLE AS and
    the like begin with their own word. USING can call functions, EXECUTE can be anything: both are refused.

    >>> [is_reading(sql) for sql in ("-- all\\n select 1", "WITH a AS (SELECT 1) TABLE a", "DROP TABLE t")]
    [True, True, False]
    >>> is_reading("EXPLAIN ANALYZE INSERT INTO t SELECT 1"), is_reading("/* SELECT */ DELETE FROM t")
    (False, False)
    """
    return _READS.match(_COMMENT.sub(" ", sql)) is not None


def refuse_changes(session: boto3.session.Session) -> None:
    """From now on, the session's clients raise ChangesRefused before they would send a change."""
    # Before parameters are even checked, for every operation of every client, also within transfers.
    session.events.register("provide-client-params", _judge)


def _judge(params: dict[str, Any], model: Any, **_: Any) -> None:
    service, operation = model.service_model.service_name, model.name
    if operation not in READING.get(service, ()):
        raise ChangesRefused(operation, "the console is read only here")
    if operation == "StartQueryExecution" and not is_reading(str(params.get("QueryString", ""))):
        raise ChangesRefused(
            operation, "the console is read only here, and the statement is not SELECT or SHOW"
        )
