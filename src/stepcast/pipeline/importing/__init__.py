"""Import: checks the user's files by the specification's rules; writes rows for SQL and shards of series."""

from stepcast.pipeline.importing.covariates.covariates import Covariates
from stepcast.pipeline.importing.covariates.metadata import import_metadata
from stepcast.pipeline.importing.covariates.related import import_related
from stepcast.pipeline.importing.import_input import import_input
from stepcast.pipeline.importing.import_target import import_target
from stepcast.pipeline.importing.imported import Imported

__all__ = ["Covariates", "Imported", "import_input", "import_metadata", "import_related", "import_target"]
