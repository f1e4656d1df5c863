"""Columns of files: how their texts become values."""
