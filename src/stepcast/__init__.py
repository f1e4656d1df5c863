"""Stepcast: drop a CSV in a bucket; ask SQL for its P10, P50 and P90."""

__all__ = ["__version__"]

__version__ = "0.1.0"
