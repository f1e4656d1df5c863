"""Trino's functions: one module a family, ``signature`` for how they are written down, ``registry`` for the list."""
