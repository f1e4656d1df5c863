"""Athena's API over moto's: the operations that execute, and those that moto lacks.

moto keeps work groups, data catalogs, named queries, tags and capacity reservations; this replaces what
touches queries and the catalog. https://docs.aws.amazon.com/athena/latest/APIReference/
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, TypeVar, cast

from moto.athena.models import PreparedStatement
from moto.athena.responses import AthenaResponse

from localaws.athena.catalog import CATALOG, Catalog, Table
from localaws.athena.errors import QueryFailed, RequestRefused
from localaws.athena.executions import FINAL, QueryExecution
from localaws.athena.prepared_statements import WorkgroupStatements
from localaws.athena.results.csv_file import read_rows
from localaws.athena.results.text_file import read_lines
from localaws.athena.service import Service
from localaws.athena.tables.location import bucket_and_prefix
from localaws.objects import ObjectStore

__all__ = ["AsCaller", "AthenaApi"]

Item = TypeVar("Item")
# Account, region, catalog and objects; the two last as who makes the request may see them.
AsCaller = Callable[[str, str, Catalog, ObjectStore], tuple[Catalog, ObjectStore]]
_MOST_ROWS = 1000  # a page of GetQueryResults
_LONGEST_QUERY = 262144  # characters
_GLUE = {"CatalogName": CATALOG, "Type": "GLUE"}


class AthenaApi(AthenaResponse):
    """One request. Methods are called by the name of the operation and answer JSON."""

    def __init__(self, service: Service, as_caller: AsCaller) -> None:
        super().__init__()
        self._service, self._as_caller = service, as_caller

    def call_action(self) -> Any:
        try:
            return super().call_action()
        except (RequestRefused, QueryFailed) as refused:
            code = refused.code if isinstance(refused, RequestRefused) else "MetadataException"
            message = refused.message
            body = {"__type": code, "message": message, "Message": message}
            if code == "InvalidRequestException":
                body["AthenaErrorCode"] = (
                    "MALFORMED_QUERY" if message.startswith("line ") else "INVALID_INPUT"
                )
            headers = {"x-amzn-errortype": code, "Content-Type": "application/x-amz-json-1.1"}
            return 400, headers, json.dumps(body)

    # queries

    def start_query_execution(self) -> str:
        request = {name: self._get_param(name) for name in _START if self._get_param(name) is not None}
        token = request.get("ClientRequestToken")
        known = self._executions()
        if token is not None:
            for execution in list(known.values()):
                if execution.request.get("ClientRequestToken") == token:
                    if execution.request != request:
                        raise RequestRefused("Idempotent parameters do not match")
                    return json.dumps({"QueryExecutionId": execution.id})
        text = request.get("QueryString") or ""
        if not 0 < len(text) <= _LONGEST_QUERY:
            raise RequestRefused(f"QueryString must have 1 to {_LONGEST_QUERY} characters, has {len(text)}")
        workgroup = request.get("WorkGroup") or "primary"
        output = self._output(workgroup, request)
        kind, subkind = _kind(text)
        scope = f"{self.current_account}/{self.region}"
        execution = QueryExecution(str(uuid.uuid4()), request, workgroup, output, kind, subkind, scope)
        catalog, store = self._as_caller(
            self.current_account, self.region, self._catalog(), self._service.store
        )
        prepared = WorkgroupStatements(self.athena_backend, workgroup)
        cutoff = self._require_workgroup(workgroup)["Configuration"].get("BytesScannedCutoffPerQuery")
        self._service.submit(execution, catalog, store, prepared, cutoff)
        known[execution.id] = execution
        return json.dumps({"QueryExecutionId": execution.id})

    def stop_query_execution(self) -> str:
        self._service.stop(self._execution(self._get_param("QueryExecutionId")))
        return "{}"

    def get_query_execution(self) -> str:
        execution = self._execution(self._get_param("QueryExecutionId"))
        return json.dumps({"QueryExecution": execution.to_api()})

    def batch_get_query_execution(self) -> str:
        known = self._executions()
        wanted = self._get_param("QueryExecutionIds")
        found = [known[each].to_api() for each in wanted if each in known]
        lost = [
            {
                "QueryExecutionId": each,
                "ErrorCode": "INVALID_INPUT",
                "ErrorMessage": f"QueryExecution {each} was not found",
            }
            for each in wanted
            if each not in known
        ]
        return json.dumps({"QueryExecutions": found, "UnprocessedQueryExecutionIds": lost})

    def list_query_executions(self) -> str:
        workgroup = self._workgroup_name()
        newest = sorted(
            (
                execution
                for execution in list(self._executions().values())
                if execution.workgroup == workgroup
            ),
            key=lambda execution: execution.submitted,
            reverse=True,
        )
        return self._page("QueryExecutionIds", [execution.id for execution in newest], 50)

    def get_query_runtime_statistics(self) -> str:
        execution = self._execution(self._get_param("QueryExecutionId"))
        statistics = execution.to_api()["Statistics"]
        timeline = {key: value for key, value in statistics.items() if key.endswith("InMillis")}
        rows = {"InputBytes": execution.scanned}
        return json.dumps({"QueryRuntimeStatistics": {"Timeline": timeline, "Rows": rows}})

    def get_query_results(self) -> str:
        execution = self._execution(self._get_param("QueryExecutionId"))
        if execution.state != "SUCCEEDED":
            if execution.state in FINAL:
                raise RequestRefused(
                    f"Query did not finish successfully. Final query state: {execution.state}"
                )
            raise RequestRefused(f"Query has not yet finished. Current state: {execution.state}")
        count = int(self._get_param("MaxResults") or _MOST_ROWS)
        if not 1 <= count <= _MOST_ROWS:
            raise RequestRefused(f"MaxResults is 1 to {_MOST_ROWS}, got {count}")
        rows, following = self._rows(execution, self._position("NextToken"), count)
        answer: dict[str, Any] = {
            "UpdateCount": execution.update_count or 0,
            "ResultSet": {
                "Rows": [
                    {"Data": [{} if cell is None else {"VarCharValue": cell} for cell in row]} for row in rows
                ],
                "ResultSetMetadata": {"ColumnInfo": [column.to_api() for column in execution.columns]},
            },
        }
        if following is not None:
            answer["NextToken"] = str(following)
        return json.dumps(answer)

    def _rows(
        self, execution: QueryExecution, offset: int, count: int
    ) -> tuple[list[list[str | None]], int | None]:
        location = execution.location or ""
        if not location.endswith((".csv", ".txt")):
            return [], None
        bucket, _, key = location.removeprefix("s3://").partition("/")
        stored = self._service.store.resolve(bucket, key)
        if stored is None:
            raise RequestRefused(f"Could not find results: {location} no longer exists")
        read = read_rows if location.endswith(".csv") else read_lines
        return read(stored.path, offset, count)

    def _output(self, workgroup: str, request: dict[str, Any]) -> str:
        """The folder of the result files, which the work group may prescribe."""
        group = self._require_workgroup(workgroup)
        if group["State"] == "DISABLED":
            raise RequestRefused(f"WorkGroup {workgroup} is disabled.")
        configured = (group["Configuration"].get("ResultConfiguration") or {}).get("OutputLocation")
        asked = (request.get("ResultConfiguration") or {}).get("OutputLocation")
        output = (
            configured
            if group["Configuration"].get("EnforceWorkGroupConfiguration") and configured
            else asked or configured
        )
        if not output:
            raise RequestRefused(
                "No output location provided. An output location is required either through the Workgroup "
                "result configuration setting or as an API input."
            )
        try:
            bucket, prefix = bucket_and_prefix(output)
        except QueryFailed as error:
            raise RequestRefused(f"outputLocation is not a valid S3 path: {output}") from error
        return f"s3://{bucket}/{prefix}"

    # work groups

    def get_work_group(self) -> str:
        return json.dumps({"WorkGroup": self._require_workgroup(self._get_param("WorkGroup"))})

    def update_work_group(self) -> str:
        name = self._get_param("WorkGroup")
        self._require_workgroup(name)
        group = self.athena_backend.work_groups[name]
        group.description = self._get_param("Description", group.description)
        group.state = self._get_param("State", group.state)
        updates = dict(self._get_param("ConfigurationUpdates", {}))
        result = {**(group.configuration.get("ResultConfiguration") or {})}
        changes = updates.pop("ResultConfigurationUpdates", {})
        for key, value in changes.items():
            if key.startswith("Remove"):
                result.pop(key.removeprefix("Remove"), None)
            else:
                result[key] = value
        if updates.pop("RemoveBytesScannedCutoffPerQuery", False):
            group.configuration.pop("BytesScannedCutoffPerQuery", None)
        group.configuration.update(updates, ResultConfiguration=result)
        return "{}"

    def _require_workgroup(self, name: str) -> dict[str, Any]:
        found = self.athena_backend.get_work_group(name)
        if found is None:
            raise RequestRefused(f"WorkGroup {name} is not found.")
        found["Configuration"].setdefault("ResultConfiguration", {})
        return found

    def _workgroup_name(self) -> str:
        name = self._get_param("WorkGroup") or "primary"
        self._require_workgroup(name)
        return str(name)

    # the catalog

    def list_data_catalogs(self) -> str:
        found = [_GLUE, *self.athena_backend.list_data_catalogs()]
        return self._page("DataCatalogsSummary", found, 50)

    def get_data_catalog(self) -> str:
        name = self._get_param("Name")
        if name.lower() == CATALOG.lower():
            return json.dumps({"DataCatalog": {"Name": CATALOG, "Type": "GLUE", "Parameters": {}}})
        found = self.athena_backend.get_data_catalog(name)
        if found is None:
            raise RequestRefused(f"DataCatalog {name} was not found")
        return json.dumps({"DataCatalog": found})

    def list_databases(self) -> str:
        self._require_glue()
        return self._page("DatabaseList", [_database(found) for found in self._catalog().databases()], 50)

    def get_database(self) -> str:
        self._require_glue()
        name = self._get_param("DatabaseName")
        found = self._catalog().database(name)
        if found is None:
            raise RequestRefused(f"EntityNotFoundException: Database {name} not found.", "MetadataException")
        return json.dumps({"Database": _database(found)})

    def list_table_metadata(self) -> str:
        self._require_glue()
        pattern = re.compile(self._get_param("Expression") or ".*", re.IGNORECASE)
        tables = self._catalog().tables(self._get_param("DatabaseName"))
        found = [_table(table) for table in tables if pattern.fullmatch(table.name)]
        return self._page("TableMetadataList", found, 50)

    def get_table_metadata(self) -> str:
        self._require_glue()
        database, name = self._get_param("DatabaseName"), self._get_param("TableName")
        table = self._catalog().table(database, name)
        if table is None:
            raise RequestRefused(f"EntityNotFoundException: Table {name} not found.", "MetadataException")
        return json.dumps({"TableMetadata": _table(table)})

    def _require_glue(self) -> None:
        name = self._get_param("CatalogName")
        if name.lower() != CATALOG.lower():
            raise RequestRefused(f"Catalog {name} was not found: only {CATALOG} is", "MetadataException")

    # prepared statements

    def create_prepared_statement(self) -> str:
        statements = self._statements()
        name = self._get_param("StatementName")
        if statements.get(name) is not None:
            raise RequestRefused(
                f"PreparedStatement {name} already exists in workGroup {self._workgroup_name()}"
            )
        _parsed(self._get_param("QueryStatement"))
        statements.put(name, self._get_param("QueryStatement"), self._get_param("Description") or "")
        return "{}"

    def update_prepared_statement(self) -> str:
        self._require_statement(self._get_param("StatementName"))
        _parsed(self._get_param("QueryStatement"))
        description = self._get_param("Description") or ""
        self._statements().put(
            self._get_param("StatementName"), self._get_param("QueryStatement"), description
        )
        return "{}"

    def get_prepared_statement(self) -> str:
        found = self._require_statement(self._get_param("StatementName"))
        return json.dumps({"PreparedStatement": _prepared(found)})

    def batch_get_prepared_statement(self) -> str:
        statements = self._statements()
        names = self._get_param("PreparedStatementNames")
        found = [statements.find(name) for name in names]
        lost = [
            {"StatementName": name, "ErrorMessage": "not found"}
            for name in names
            if statements.find(name) is None
        ]
        done = [_prepared(each) for each in found if each is not None]
        return json.dumps({"PreparedStatements": done, "UnprocessedPreparedStatementNames": lost})

    def list_prepared_statements(self) -> str:
        found = [
            {"StatementName": each.statement_name, "LastModifiedTime": each.last_modified_time.timestamp()}
            for each in self._statements().all()
        ]
        return self._page("PreparedStatements", found, 50)

    def delete_prepared_statement(self) -> str:
        self._require_statement(self._get_param("StatementName"))
        self._statements().remove(self._get_param("StatementName"))
        return "{}"

    def _statements(self) -> WorkgroupStatements:
        return WorkgroupStatements(self.athena_backend, self._workgroup_name())

    def _require_statement(self, name: str) -> PreparedStatement:
        found = self._statements().find(name)
        if found is None:
            raise RequestRefused(f"PreparedStatement {name} was not found", "ResourceNotFoundException")
        return found

    # what all have in common

    def _catalog(self) -> Catalog:
        return Catalog(self.current_account, self.region)

    def _executions(self) -> dict[str, QueryExecution]:
        return cast(dict[str, QueryExecution], self.athena_backend.executions)

    def _execution(self, query_id: str) -> QueryExecution:
        found = self._executions().get(query_id)
        if found is None:
            raise RequestRefused(f"QueryExecution {query_id} was not found")
        self._service.settle(found)
        return found

    def _position(self, parameter: str) -> int:
        token = self._get_param(parameter) or "0"
        if not token.isdigit():
            raise RequestRefused(f"{parameter} {token!r} was not returned by this operation")
        return int(token)

    def _page(self, key: str, items: Sequence[Item], most: int) -> str:
        """``items`` from NextToken on, at most MaxResults of them."""
        begin = self._position("NextToken")
        end = begin + min(int(self._get_param("MaxResults") or most), most)
        answer: dict[str, Any] = {key: list(items[begin:end])}
        if end < len(items):
            answer["NextToken"] = str(end)
        return json.dumps(answer, default=_seconds)


_START = (
    "QueryString", "ClientRequestToken", "QueryExecutionContext", "ResultConfiguration", "WorkGroup",
    "ExecutionParameters", "ResultReuseConfiguration",
)  # fmt: skip


def _kind(text: str) -> tuple[str, str]:
    """StatementType and SubstatementType.

    A text that does not parse is refused at once, as Athena does; what parses and is not supported fails
    later, by its name.
    """
    from localaws.athena.statements.parse import parse  # as in service.py

    try:
        statement = parse(text)
    except QueryFailed as error:
        if error.code == "SYNTAX_ERROR":
            raise RequestRefused(error.message) from error
        word = text.split(maxsplit=1)[0].upper() if text.split() else ""
        return "DML" if word in {"SELECT", "WITH", "VALUES", "UPDATE", "DELETE", "MERGE"} else "DDL", word
    return statement.kind, statement.subkind


def _parsed(text: str) -> None:
    from localaws.athena.statements.parse import parse

    try:
        parse(text)
    except QueryFailed as error:
        raise RequestRefused(str(error)) from error


def _database(found: dict[str, Any]) -> dict[str, Any]:
    answer = {"Name": found["Name"], "Parameters": found.get("Parameters") or {}}
    if found.get("Description"):
        answer["Description"] = found["Description"]
    return answer


def _table(table: Table) -> dict[str, Any]:
    storage, serde = table.storage, table.storage.get("SerdeInfo") or {}
    parameters = dict(table.parameters)
    if not table.is_view:
        parameters |= {
            "inputformat": storage.get("InputFormat") or "",
            "outputformat": storage.get("OutputFormat") or "",
            "location": storage.get("Location") or "",
            "serde.serialization.lib": serde.get("SerializationLibrary") or "",
        }
        parameters |= {
            f"serde.param.{key}": str(value) for key, value in (serde.get("Parameters") or {}).items()
        }
    answer: dict[str, Any] = {
        "Name": table.name,
        "TableType": table.description.get("TableType") or "EXTERNAL_TABLE",
        "Columns": [_column(column) for column in table.columns],
        "PartitionKeys": [_column(column) for column in table.keys],
        "Parameters": parameters,
    }
    if created := table.description.get("CreateTime"):
        answer["CreateTime"] = _seconds(created)
    return answer


def _column(column: dict[str, str]) -> dict[str, str]:
    return {key: column[key] for key in ("Name", "Type", "Comment") if column.get(key)}


def _prepared(found: PreparedStatement) -> dict[str, Any]:
    return {
        "StatementName": found.statement_name,
        "QueryStatement": found.query_statement,
        "WorkGroupName": found.workgroup,
        "Description": found.description or "",
        "LastModifiedTime": found.last_modified_time.timestamp(),
    }


def _seconds(moment: Any) -> float:
    return moment.timestamp() if isinstance(moment, datetime) else float(moment)
