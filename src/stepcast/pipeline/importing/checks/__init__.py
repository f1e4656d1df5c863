"""Checks that run after all files have been read."""
