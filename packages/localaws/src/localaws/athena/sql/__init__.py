"""Athena's queries (Trino's SQL) compiled to DuckDB's SQL.

sqlglot parses the text; ``queries``, ``relations`` and ``expressions`` resolve names and types as Trino does
and write DuckDB's text. A function, clause or type that the compiler does not know is refused: only compiled
text reaches DuckDB.
"""
