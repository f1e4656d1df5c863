"""A LocalAws with one bucket, and short words for asking its Athena."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from localaws import LocalAws
from tests.localaws.waiting import eventually

BUCKET = "lake"
OUTPUT = f"s3://{BUCKET}/results/"
_FINAL = {"SUCCEEDED", "FAILED", "CANCELLED"}


class Failed(Exception):
    """The query did not succeed; the text is its StateChangeReason."""


@dataclass(frozen=True)
class Answer:
    """What a query gave: GetQueryExecution's description, the names and types of its columns, its rows."""

    execution: dict[str, Any]
    columns: list[str]
    types: list[str]
    rows: list[list[str | None]]
    update_count: int


class Lake:
    """One bucket, one Athena."""

    def __init__(self, aws: LocalAws) -> None:
        self.aws = aws
        self.s3, self.athena, self.glue = (aws.client(service) for service in ("s3", "athena", "glue"))
        self.s3.create_bucket(Bucket=BUCKET)

    def put(self, key: str, body: bytes | str) -> None:
        self.s3.put_object(Bucket=BUCKET, Key=key, Body=body)

    def read(self, location: str) -> bytes:
        """The object at an s3:// address."""
        bucket, _, key = location.removeprefix("s3://").partition("/")
        body: bytes = self.s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        return body

    def keys(self, prefix: str) -> list[str]:
        found = self.s3.list_objects_v2(Bucket=BUCKET, Prefix=prefix)
        return [item["Key"] for item in found.get("Contents", [])]

    def start(self, sql: str, **request: Any) -> str:
        request.setdefault("ResultConfiguration", {"OutputLocation": OUTPUT})
        query: str = self.athena.start_query_execution(QueryString=sql, **request)["QueryExecutionId"]
        return query

    def execution(self, query: str) -> dict[str, Any]:
        found: dict[str, Any] = self.athena.get_query_execution(QueryExecutionId=query)["QueryExecution"]
        return found

    def state(self, query: str) -> str:
        state: str = self.execution(query)["Status"]["State"]
        return state

    def wait(self, query: str) -> dict[str, Any]:
        """The execution once it has ended."""
        eventually(lambda: self.state(query) in _FINAL, f"the end of query {query}")
        return self.execution(query)

    def ask(self, sql: str, **request: Any) -> Answer:
        """Run a query to its end. Raises Failed."""
        execution = self.wait(self.start(sql, **request))
        if execution["Status"]["State"] != "SUCCEEDED":
            raise Failed(execution["Status"]["StateChangeReason"])
        pages = self.athena.get_paginator("get_query_results").paginate(
            QueryExecutionId=execution["QueryExecutionId"]
        )
        rows: list[list[str | None]] = []
        for page in pages:
            rows += [[cell.get("VarCharValue") for cell in row["Data"]] for row in page["ResultSet"]["Rows"]]
            columns = page["ResultSet"]["ResultSetMetadata"]["ColumnInfo"]
            count = page["UpdateCount"]
        names = [column["Name"] for column in columns]
        if execution["StatementType"] == "DML" and execution["SubstatementType"] in {"SELECT", "EXECUTE"}:
            assert rows.pop(0) == names
        return Answer(execution, names, [column["Type"] for column in columns], rows, count)

    def rows(self, sql: str) -> list[list[str | None]]:
        return self.ask(sql).rows

    def rows_in(self, workgroup: str, sql: str) -> list[list[str | None]]:
        return self.ask(sql, WorkGroup=workgroup).rows

    def make_table(self, name: str, description: Mapping[str, Any]) -> None:
        """A table of the default database as a case file describes it."""
        for key, text in description["files"].items():
            self.put(f"{name}/{key}", text)
        location = f"s3://{BUCKET}/{name}/"
        serde = {"SerializationLibrary": description["serde"], "Parameters": description["properties"]}
        storage = {"Columns": _columns(description["columns"]), "Location": location, "SerdeInfo": serde}
        keys = description.get("keys", {})
        table = {
            "Name": name,
            "TableType": "EXTERNAL_TABLE",
            "StorageDescriptor": storage,
            "PartitionKeys": _columns(keys),
            "Parameters": description.get("parameters", {}),
        }
        if "default" not in [found["Name"] for found in self.glue.get_databases()["DatabaseList"]]:
            self.glue.create_database(DatabaseInput={"Name": "default"})
        self.glue.create_table(DatabaseName="default", TableInput=table)
        for values in description.get("partitions", []):
            folder = "".join(f"{key}={value}/" for key, value in zip(keys, values, strict=True))
            partition = {"Values": values, "StorageDescriptor": {**storage, "Location": location + folder}}
            self.glue.create_partition(DatabaseName="default", TableName=name, PartitionInput=partition)

    def drop_table(self, name: str) -> None:
        self.glue.delete_table(DatabaseName="default", Name=name)
        for key in self.keys(f"{name}/"):
            self.s3.delete_object(Bucket=BUCKET, Key=key)


def _columns(given: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Name": name, "Type": kind} for name, kind in given.items()]
