"""A column of a file: what its texts mean."""
