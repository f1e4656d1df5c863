"""Athena's queries (Trino's SQL) compiled to DuckDB's SQL.

sqlglot parses; ``analysis`` resolves names and types as Trino does and writes DuckDB's text. Whatever the
compiler does not know by name (a function, a clause, a type) it refuses, so nothing reaches DuckDB unseen.
"""
