"""The target series, collected and written."""
