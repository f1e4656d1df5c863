"""Athena's statements: ``parse`` recognizes them, and one module each executes them."""
