"""Requests to Glue, Athena and DynamoDB: their actions and the catalog's, workgroups' and tables' ARNs.

A call about a table needs its permission on the catalog, the database and the table.

Source: https://docs.aws.amazon.com/glue/latest/dg/glue-specifying-resource-arns.html and
https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonathena.html,
list_amazondynamodb.html beside it
"""

from collections.abc import Mapping
from typing import Any

from localaws.iam.calls import Call
from localaws.iam.evaluation import Access

__all__ = ["athena_accesses", "dynamodb_accesses", "glue_accesses", "glue_resources"]

_OTHER_GLUE = ("Crawler", "Job", "Trigger", "Workflow", "Connection", "DevEndpoint", "Session", "Schema")
_PARTIQL = {"INSERT": "PartiQLInsert", "UPDATE": "PartiQLUpdate", "DELETE": "PartiQLDelete"}


def glue_accesses(call: Call) -> list[Access]:
    """Of Glue."""
    parameters, operation = call.parameters, call.operation
    action = f"glue:{operation}"
    if not any(word in operation for word in ("Database", "Table", "Partition", "UserDefinedFunction")):
        kind = next((kind for kind in _OTHER_GLUE if kind in operation), None)
        name = parameters.get("Name") or parameters.get(f"{kind}Name")
        where = f"arn:aws:glue:{call.region}:{call.account}:{(kind or '').lower()}/{name}"
        return [Access(action, where if kind and name else "*")]
    database = parameters.get("DatabaseName") or _inside(parameters, "DatabaseInput")
    if "Database" in operation and operation != "GetDatabases":
        database = parameters.get("Name") or database
    tables: list[str | None] = [parameters.get("TableName") or _inside(parameters, "TableInput")]
    if operation in {"GetTable", "DeleteTable"}:
        tables = [parameters.get("Name")]
    elif operation == "BatchDeleteTable":
        tables = list(parameters.get("TablesToDelete", []))
    elif operation == "GetTables":
        tables = ["*"]
    elif operation == "GetDatabases":
        database = "*"
    found = dict.fromkeys(arn for table in tables for arn in glue_resources(call, database, table))
    return [Access(action, arn) for arn in found]


def glue_resources(call: Call, database: str | None, table: str | None) -> list[str]:
    """The ARNs of the catalog and, where they are named, the database and the table."""
    base = f"arn:aws:glue:{call.region}:{call.account}"
    found = [f"{base}:catalog"]
    if database:
        found.append(f"{base}:database/{database}")
        if table:
            found.append(f"{base}:table/{database}/{table}")
    return found


def _inside(parameters: Mapping[str, Any], name: str) -> str | None:
    given = parameters.get(name)
    return given.get("Name") if isinstance(given, Mapping) else None


def athena_accesses(call: Call) -> list[Access]:
    """Of Athena: what belongs to a query is asked of its workgroup."""
    parameters, action = call.parameters, f"athena:{call.operation}"
    if "QueryExecutionId" in parameters or "QueryExecutionIds" in parameters:
        execution = _execution(call)
        workgroup = execution.workgroup if execution else "primary"
        needed = [Access(action, f"arn:aws:athena:{call.region}:{call.account}:workgroup/{workgroup}")]
        if call.operation == "GetQueryResults" and execution and execution.location:
            read = execution.location.removeprefix("s3://")
            needed.append(Access("s3:GetObject", f"arn:aws:s3:::{read}"))
        return needed
    if call.operation in {"ListWorkGroups", "ListEngineVersions", "ListDataCatalogs"}:
        return [Access(action, "*")]
    elif (
        "DataCatalog" in call.operation or "Metadata" in call.operation or call.operation.endswith("Database")
    ):
        catalog = parameters.get("CatalogName") or parameters.get("Name") or "AwsDataCatalog"
        return [Access(action, f"arn:aws:athena:{call.region}:{call.account}:datacatalog/{catalog}")]
    elif call.operation == "ListDatabases":
        catalog = parameters.get("CatalogName") or "AwsDataCatalog"
        return [Access(action, f"arn:aws:athena:{call.region}:{call.account}:datacatalog/{catalog}")]
    else:
        named = parameters.get("Name") if call.operation.endswith("WorkGroup") else None
        workgroup = str(parameters.get("WorkGroup") or named or "primary")
    return [Access(action, f"arn:aws:athena:{call.region}:{call.account}:workgroup/{workgroup}")]


def _execution(call: Call) -> Any:
    from moto.athena.models import athena_backends

    wanted = call.parameters.get("QueryExecutionId") or next(
        iter(call.parameters.get("QueryExecutionIds") or ()), ""
    )
    return athena_backends[call.account][call.region].executions.get(str(wanted))


def dynamodb_accesses(call: Call) -> list[Access]:
    """Of DynamoDB."""
    parameters, operation = call.parameters, call.operation

    def table(name: Any, index: Any = None) -> str:
        made = str(name)
        if not made.startswith("arn:"):
            made = f"arn:aws:dynamodb:{call.region}:{call.account}:table/{name}"
        return f"{made}/index/{index}" if index else made

    if operation in {"BatchGetItem", "BatchWriteItem"}:
        return [
            Access(f"dynamodb:{operation}", table(name))
            for name in dict.fromkeys(parameters.get("RequestItems", {}))
        ]
    if operation in {"TransactWriteItems", "TransactGetItems"}:
        actions = {"Put": "PutItem", "Update": "UpdateItem", "Delete": "DeleteItem", "Get": "GetItem"}
        actions["ConditionCheck"] = "ConditionCheckItem"
        return [
            Access(f"dynamodb:{actions.get(kind, kind)}", table(item.get("TableName")))
            for entry in parameters.get("TransactItems", [])
            for kind, item in entry.items()
        ]
    if operation in {"ExecuteStatement", "BatchExecuteStatement", "ExecuteTransaction"}:
        statements = [*parameters.get("Statements", []), *parameters.get("TransactStatements", [])]
        texts = [str(entry.get("Statement", "")) for entry in statements] or [
            str(parameters.get("Statement", ""))
        ]
        kinds = dict.fromkeys(
            _PARTIQL.get(text.split(maxsplit=1)[0].upper() if text.split() else "", "PartiQLSelect")
            for text in texts
        )
        return [Access(f"dynamodb:{kind}", table("*")) for kind in kinds]
    if arn := parameters.get("ResourceArn") or parameters.get("StreamArn"):
        return [Access(f"dynamodb:{operation}", str(arn))]
    name = parameters.get("TableName")
    return [Access(f"dynamodb:{operation}", table(name, parameters.get("IndexName")) if name else "*")]
