"""Import: the user's files, checked by the specification's rules, to rows for SQL and shards of series."""

from stepcast.pipeline.importing.beside import Beside
from stepcast.pipeline.importing.import_input import import_input
from stepcast.pipeline.importing.imported import Imported
from stepcast.pipeline.importing.item_traits import import_metadata
from stepcast.pipeline.importing.related import import_related
from stepcast.pipeline.importing.target import import_target

__all__ = ["Beside", "Imported", "import_input", "import_metadata", "import_related", "import_target"]
