"""Import: the user's files, checked by the specification's rules, to rows for SQL and shards of series."""

from stepcast.pipeline.importing.beside import Beside
from stepcast.pipeline.importing.imported import Imported
from stepcast.pipeline.importing.item_traits import import_metadata
from stepcast.pipeline.importing.related import import_related
from stepcast.pipeline.importing.source import check_undescribed
from stepcast.pipeline.importing.target import import_target

__all__ = ["Beside", "Imported", "check_undescribed", "import_metadata", "import_related", "import_target"]
