"""Which statement a text is, and its parts.

https://docs.aws.amazon.com/athena/latest/ug/ddl-sql-reference.html
"""

from collections.abc import Callable
from typing import Any

from localaws.athena.errors import QueryFailed
from localaws.athena.sql.dialect import parse_query
from localaws.athena.statements import statement as s
from localaws.athena.statements.create_table import read_columns, read_create_table, read_properties
from localaws.athena.statements.lexer import Words
from localaws.athena.statements.statement import Statement

__all__ = ["parse"]

# Of Trino or Hive, known and not done here, so that they are not taken for typing errors.
_UNSUPPORTED = (
    "UPDATE", "DELETE", "MERGE", "OPTIMIZE", "VACUUM", "GRANT", "REVOKE", "CALL", "SET", "RESET", "USE",
    "ANALYZE", "TRUNCATE", "COMMENT", "REFRESH", "START", "COMMIT", "ROLLBACK", "LOAD", "IMPORT", "EXPORT",
    "COPY", "ATTACH", "DETACH", "INSTALL",
    "PRAGMA", "CHECKPOINT", "BEGIN", "REPLACE", "LOCK", "UNLOCK",
)  # fmt: skip


def parse(text: str) -> Statement:
    """The statement.

    Raises QueryFailed: SYNTAX_ERROR where the text is none, NOT_SUPPORTED for one that this engine does not
    have.
    """
    words = Words(text)
    first = words.next.text.upper()
    if first in {"SELECT", "WITH", "VALUES", "TABLE", "("}:
        parse_query(text)
        return s.Select(text)
    if first in _READERS:
        words.take()
        found = _READERS[first](words)
        words.end()
        return found
    if first in _UNSUPPORTED:
        raise QueryFailed("NOT_SUPPORTED", f"{first} is not supported")
    raise words.mismatch(", ".join(f"'{word}'" for word in sorted((*_READERS, "SELECT", "VALUES", "WITH"))))


def _query(words: Words) -> str:
    """What follows, which must be a query."""
    text = words.rest()
    parse_query(text)
    return text


def _create(words: Words) -> Statement:
    replaces = words.accept("OR", "REPLACE")
    if words.accept("VIEW"):
        if words.looks("IF"):
            raise words.mismatch("a name")
        name = words.qualified_name()
        words.expect("AS")
        return s.CreateView(name, replaces, _query(words))
    if words.accept("DATABASE") or words.accept("SCHEMA"):
        return _create_database(words)
    external = words.accept("EXTERNAL")
    if not words.accept("TABLE"):
        raise QueryFailed("NOT_SUPPORTED", f"CREATE {words.next.text.upper()} is not supported")
    missing = words.accept("IF", "NOT", "EXISTS")
    name = words.qualified_name()
    if not external and (words.looks("WITH") or words.looks("AS")):
        return _create_table_as(words, name, missing)
    return s.CreateTable(name, missing, read_create_table(words))


def _create_database(words: Words) -> Statement:
    missing = words.accept("IF", "NOT", "EXISTS")
    name = words.qualified_name()[-1]
    description: dict[str, Any] = {}
    while words.next.kind != "end":
        if words.accept("COMMENT"):
            description["Description"] = words.string()
        elif words.accept("LOCATION"):
            description["LocationUri"] = words.string()
        elif words.accept("WITH", "DBPROPERTIES"):
            description["Parameters"] = read_properties(words)
        else:
            raise words.mismatch("'COMMENT', 'LOCATION', 'WITH DBPROPERTIES'")
    return s.CreateDatabase(name, missing, description)


def _create_table_as(words: Words, name: s.Name, missing: bool) -> Statement:
    properties = read_with(words) if words.accept("WITH") else {}
    words.expect("AS")
    text = words.rest()
    with_data = True
    ending = text.rstrip().upper().split()
    if ending[-3:] == ["WITH", "NO", "DATA"]:
        with_data, text = False, text[: text.upper().rindex("WITH")]
    elif ending[-2:] == ["WITH", "DATA"]:
        text = text[: text.upper().rindex("WITH")]
    text = text.strip()
    parse_query(text)
    return s.CreateTableAs(name, missing, properties, text, with_data)


def read_with(words: Words) -> dict[str, Any]:
    """``(format = 'PARQUET', partitioned_by = ARRAY['a'], bucket_count = 4)``"""
    found: dict[str, Any] = {}
    words.expect("(")
    while not words.accept(")"):
        key = words.name()
        words.expect("=")
        if words.accept("ARRAY", "["):
            values = []
            while not words.accept("]"):
                values.append(words.string())
                words.accept(",")
            found[key] = values
        else:
            word = words.take()
            found[key] = word.value
        words.accept(",")
    return found


def _drop(words: Words) -> Statement:
    if words.accept("DATABASE") or words.accept("SCHEMA"):
        exists = words.accept("IF", "EXISTS")
        name = words.qualified_name()[-1]
        cascade = words.accept("CASCADE")
        if not cascade:
            words.accept("RESTRICT")
        return s.DropDatabase(name, exists, cascade)
    view = words.accept("VIEW")
    if not view and not words.accept("TABLE"):
        raise QueryFailed("NOT_SUPPORTED", f"DROP {words.next.text.upper()} is not supported")
    exists = words.accept("IF", "EXISTS")
    return s.Drop(words.qualified_name(), exists, view)


def _insert(words: Words) -> Statement:
    words.expect("INTO")
    name = words.qualified_name()
    columns: list[str] = []
    before = words.next
    if words.looks("("):
        inside = Words(words.text[before.end :])
        if not (inside.looks("SELECT") or inside.looks("WITH") or inside.looks("VALUES")):
            words.take()
            while not words.accept(")"):
                columns.append(words.name())
                words.accept(",")
    return s.Insert(name, tuple(columns), _query(words))


def _unload(words: Words) -> Statement:
    query = words.inside_parentheses()
    parse_query(query)
    words.expect("TO")
    location = words.string()
    words.expect("WITH")
    return s.Unload(query, location, read_with(words))


def _msck(words: Words) -> Statement:
    words.expect("REPAIR", "TABLE")
    return s.RepairTable(words.qualified_name())


def _alter(words: Words) -> Statement:
    if not words.accept("TABLE"):
        raise QueryFailed("NOT_SUPPORTED", f"ALTER {words.next.text.upper()} is not supported")
    name = words.qualified_name()
    if words.accept("ADD", "COLUMNS"):
        return s.AlterTable(name, "add_columns", columns=tuple(read_columns(words)))
    if words.accept("ADD"):
        lenient = words.accept("IF", "NOT", "EXISTS")
        partitions = []
        while words.accept("PARTITION"):
            spec = _partition_spec(words)
            partitions.append((spec, words.string() if words.accept("LOCATION") else None))
            words.accept(",")
        return s.AlterTable(name, "add_partitions", tuple(partitions), lenient)
    if words.accept("DROP"):
        lenient = words.accept("IF", "EXISTS")
        dropped = []
        while words.accept("PARTITION"):
            dropped.append((_partition_spec(words), None))
            words.accept(",")
        if not dropped:
            raise QueryFailed(
                "NOT_SUPPORTED", f"ALTER TABLE ... DROP {words.next.text.upper()} is not supported"
            )
        return s.AlterTable(name, "drop_partitions", tuple(dropped), lenient)
    named = _partition_spec(words) if words.accept("PARTITION") else None
    if words.accept("SET", "LOCATION"):
        partition = ((named, None),) if named is not None else ()
        return s.AlterTable(name, "set_location", partition, location=words.string())
    if words.accept("SET", "TBLPROPERTIES"):
        return s.AlterTable(name, "set_properties", properties=read_properties(words))
    raise QueryFailed("NOT_SUPPORTED", f"ALTER TABLE ... {words.next.text.upper()} is not supported")


def _partition_spec(words: Words) -> dict[str, str]:
    spec: dict[str, str] = {}
    words.expect("(")
    while not words.accept(")"):
        key = words.name()
        words.expect("=")
        spec[key] = words.take().value
        words.accept(",")
    return spec


def _show(words: Words) -> Statement:
    if words.accept("DATABASES") or words.accept("SCHEMAS"):
        return s.Show("databases", like=_like(words))
    for what in ("tables", "views"):
        if words.accept(what):
            database = words.qualified_name()[-1:] if words.accept("IN") or words.accept("FROM") else ()
            return s.Show(what, database, _like(words))
    if words.accept("COLUMNS"):
        if not (words.accept("FROM") or words.accept("IN")):
            raise words.mismatch("'FROM', 'IN'")
        name = words.qualified_name()
        if words.accept("FROM") or words.accept("IN"):
            name = (words.name(), name[-1])
        return s.Show("columns", name)
    if words.accept("PARTITIONS"):
        return s.Show("partitions", words.qualified_name())
    if words.accept("CREATE", "TABLE"):
        return s.Show("create_table", words.qualified_name())
    if words.accept("CREATE", "VIEW"):
        return s.Show("create_view", words.qualified_name())
    if words.accept("TBLPROPERTIES"):
        name = words.qualified_name()
        key = None
        if words.accept("("):
            key = words.string()
            words.expect(")")
        return s.Show("properties", name, key)
    raise QueryFailed("NOT_SUPPORTED", f"SHOW {words.next.text.upper()} is not supported")


def _like(words: Words) -> str | None:
    words.accept("LIKE")
    return words.string() if words.next.kind == "string" else None


def _describe(words: Words) -> Statement:
    view = words.accept("VIEW")
    if words.accept("EXTENDED") or words.accept("FORMATTED"):
        raise QueryFailed("NOT_SUPPORTED", "DESCRIBE EXTENDED and FORMATTED are not supported")
    name = words.qualified_name()
    if words.next.kind != "end":
        raise QueryFailed("NOT_SUPPORTED", "DESCRIBE of a partition or of one column is not supported")
    return s.Describe(name, view)


def _explain(words: Words) -> Statement:
    if words.looks("ANALYZE"):
        raise QueryFailed("NOT_SUPPORTED", "EXPLAIN ANALYZE is not supported")
    if words.looks("(", "FORMAT") or words.looks("(", "TYPE"):
        options = words.inside_parentheses()
        if any(word in options.upper() for word in ("JSON", "GRAPHVIZ", "IO", "VALIDATE")):
            raise QueryFailed("NOT_SUPPORTED", f"EXPLAIN ({options}) is not supported: only text")
    return s.Explain(_query(words))


def _prepare(words: Words) -> Statement:
    name = words.name()
    words.expect("FROM")
    text = words.rest()
    parse(text)
    return s.Prepare(name, text)


def _execute(words: Words) -> Statement:
    name = words.name()
    parameters: list[str] = []
    if words.accept("USING"):
        parameters = _split(words)
    return s.Execute(name, tuple(parameters))


def _split(words: Words) -> list[str]:
    """The expressions between commas that are in no parentheses."""
    found: list[str] = []
    depth, begin, end = 0, words.next.start, words.next.start
    while words.next.kind != "end":
        word = words.take()
        depth += (word.text in "([") - (word.text in ")]")
        if word.text == "," and depth == 0:
            found.append(words.text[begin : word.start].strip())
            begin = words.next.start
        end = word.end
    return [*found, words.text[begin:end].strip()]


def _deallocate(words: Words) -> Statement:
    words.expect("PREPARE")
    return s.Deallocate(words.name())


_READERS: dict[str, Callable[[Words], Statement]] = {
    "CREATE": _create,
    "DROP": _drop,
    "INSERT": _insert,
    "UNLOAD": _unload,
    "MSCK": _msck,
    "ALTER": _alter,
    "SHOW": _show,
    "DESCRIBE": _describe,
    "DESC": _describe,
    "EXPLAIN": _explain,
    "PREPARE": _prepare,
    "EXECUTE": _execute,
    "DEALLOCATE": _deallocate,
}
