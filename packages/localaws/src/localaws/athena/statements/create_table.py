"""CREATE EXTERNAL TABLE in Hive's grammar, as Glue's TableInput.

https://docs.aws.amazon.com/athena/latest/ug/create-table.html
"""

from typing import Any

from localaws.athena.errors import QueryFailed
from localaws.athena.hive_types import from_hive
from localaws.athena.statements.lexer import Words
from localaws.athena.tables.scan import LAZY_SIMPLE, PARQUET

__all__ = ["read_columns", "read_create_table", "read_properties", "storage_formats"]

_TEXT_INPUT = "org.apache.hadoop.mapred.TextInputFormat"
_TEXT_OUTPUT = "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat"
_PARQUET_INPUT = "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat"
_PARQUET_OUTPUT = "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat"
_DELIMITERS = {
    ("FIELDS", "TERMINATED", "BY"): "field.delim",
    ("ESCAPED", "BY"): "escape.delim",
    ("COLLECTION", "ITEMS", "TERMINATED", "BY"): "collection.delim",
    ("MAP", "KEYS", "TERMINATED", "BY"): "mapkey.delim",
    ("LINES", "TERMINATED", "BY"): "line.delim",
    ("NULL", "DEFINED", "AS"): "serialization.null.format",
}


def storage_formats(name: str) -> dict[str, Any]:
    """InputFormat, OutputFormat and SerdeInfo of ``STORED AS name``."""
    if name == "PARQUET":
        serde = {"SerializationLibrary": PARQUET, "Parameters": {"serialization.format": "1"}}
        return {"InputFormat": _PARQUET_INPUT, "OutputFormat": _PARQUET_OUTPUT, "SerdeInfo": serde}
    if name == "TEXTFILE":
        text = {"SerializationLibrary": LAZY_SIMPLE, "Parameters": {}}
        return {"InputFormat": _TEXT_INPUT, "OutputFormat": _TEXT_OUTPUT, "SerdeInfo": text}
    raise QueryFailed("NOT_SUPPORTED", f"STORED AS {name} is not supported: PARQUET or TEXTFILE is")


def read_create_table(words: Words) -> dict[str, Any]:
    """What follows the table's name: a TableInput without its name."""
    columns = read_columns(words)
    found: dict[str, Any] = {
        "TableType": "EXTERNAL_TABLE",
        "PartitionKeys": [],
        "Parameters": {"EXTERNAL": "TRUE"},
    }
    storage = storage_formats("TEXTFILE") | {"Columns": columns}
    serde = storage["SerdeInfo"]
    while words.next.kind != "end":
        if words.accept("COMMENT"):
            found["Description"] = words.string()
        elif words.accept("PARTITIONED", "BY"):
            found["PartitionKeys"] = read_columns(words)
        elif words.accept("ROW", "FORMAT", "SERDE"):
            serde = {"SerializationLibrary": words.string(), "Parameters": {}}
        elif words.accept("WITH", "SERDEPROPERTIES"):
            serde["Parameters"] |= read_properties(words)
        elif words.accept("ROW", "FORMAT", "DELIMITED"):
            serde = {"SerializationLibrary": LAZY_SIMPLE, "Parameters": _read_delimiters(words)}
        elif words.accept("STORED", "AS", "INPUTFORMAT"):
            storage["InputFormat"] = words.string()
            words.expect("OUTPUTFORMAT")
            storage["OutputFormat"] = words.string()
        elif words.accept("STORED", "AS"):
            formats = storage_formats(words.name().upper())
            given = serde if serde is not storage["SerdeInfo"] else formats["SerdeInfo"]
            storage.update(formats)
            serde = given
        elif words.accept("LOCATION"):
            storage["Location"] = words.string()
        elif words.accept("TBLPROPERTIES"):
            found["Parameters"] |= read_properties(words)
        elif words.looks("CLUSTERED"):
            raise QueryFailed("NOT_SUPPORTED", "CLUSTERED BY (bucketing) is not supported")
        else:
            raise words.mismatch(
                "'COMMENT', 'PARTITIONED BY', 'ROW FORMAT', 'STORED AS', 'LOCATION', 'TBLPROPERTIES'"
            )
    if "Location" not in storage:
        raise QueryFailed(
            None,
            "FAILED: SemanticException table location must be specified: add LOCATION 's3://BUCKET/FOLDER/'",
        )
    if found["Parameters"].get("table_type", "").upper() == "ICEBERG":
        raise QueryFailed("NOT_SUPPORTED", "Iceberg tables are not supported")
    storage["SerdeInfo"] = serde
    return found | {"StorageDescriptor": storage}


def read_columns(words: Words) -> list[dict[str, str]]:
    """``(name type COMMENT 'text', ...)`` as Glue's columns; the types keep Hive's spelling."""
    columns: list[dict[str, str]] = []
    words.expect("(")
    while not words.accept(")"):
        column = {"Name": words.name(), "Type": _read_type(words)}
        from_hive(column["Type"])
        if words.accept("COMMENT"):
            column["Comment"] = words.string()
        columns.append(column)
        if not words.accept(",") and not words.looks(")"):
            raise words.mismatch("',', ')', 'COMMENT'")
    return columns


def _read_type(words: Words) -> str:
    """A type with what is in its brackets, as ``array<struct<a:int>>``."""
    pieces = [words.take().value.lower()]
    depth = 0
    while depth or words.looks("<") or words.looks("("):
        word = words.take()
        if word.kind == "end":
            raise words.mismatch("'>'")
        depth += (word.text in "<(") - (word.text in ">)")
        pieces.append(word.value.lower())
    return "".join(pieces)


def read_properties(words: Words) -> dict[str, str]:
    """``('key' = 'value', ...)``"""
    found: dict[str, str] = {}
    words.expect("(")
    while not words.accept(")"):
        key = words.string()
        words.expect("=")
        found[key] = words.string()
        words.accept(",")
    return found


def _read_delimiters(words: Words) -> dict[str, str]:
    found: dict[str, str] = {}
    while True:
        for phrase, name in _DELIMITERS.items():
            if words.accept(*phrase):
                found[name] = words.string()
                break
        else:
            break
    if "field.delim" in found:
        found["serialization.format"] = found["field.delim"]
    if found.pop("line.delim", "\n") != "\n":
        raise QueryFailed("NOT_SUPPORTED", "LINES TERMINATED BY anything but '\\n' is not supported")
    return found
