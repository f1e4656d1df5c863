"""The files of Glue tables as relations of DuckDB's: one module a SerDe, ``scan`` for the rest."""
