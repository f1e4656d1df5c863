"""Trino's functions: a module for each family, ``signature`` how they are written, ``registry`` the list."""
