"""Tuning of a run: what params.json asks for, where the trials are kept, and the table of them."""
