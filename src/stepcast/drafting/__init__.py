"""Generates a params.json for files: the roles of columns, the frequency of rows, a horizon."""
