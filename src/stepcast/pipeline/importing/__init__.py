"""Import: the user's files, checked by the specification's rules, to rows for SQL and shards of series."""

from stepcast.pipeline.importing.imported import Imported
from stepcast.pipeline.importing.target import import_target

__all__ = ["Imported", "import_target"]
