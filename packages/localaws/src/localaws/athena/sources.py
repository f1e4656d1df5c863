"""Where a query's tables come from: Glue's catalog, the files in the local S3, information_schema."""

from localaws.athena.catalog import Catalog, Partition, Table
from localaws.athena.errors import QueryFailed
from localaws.athena.information_schema import NAME, information_schema
from localaws.athena.sql.source import TableSource, ViewSource
from localaws.athena.tables.scan import scan
from localaws.athena.tables.workspace import Workspace
from localaws.athena.views import view_source
from localaws.objects import ObjectStore

__all__ = ["CatalogSources"]


class CatalogSources:
    """``Sources`` of one query: a table that is named twice is opened once."""

    def __init__(self, catalog: Catalog, store: ObjectStore, workspace: Workspace) -> None:
        self._catalog, self._store, self._workspace = catalog, store, workspace
        self._known: dict[tuple[str, str], TableSource | ViewSource | None] = {}

    def source(self, database: str, table: str) -> TableSource | ViewSource | None:
        """The table or view, or None."""
        if (database, table) not in self._known:
            self._known[database, table] = self._find(database, table)
        return self._known[database, table]

    def _find(self, database: str, name: str) -> TableSource | ViewSource | None:
        if database == NAME:
            return information_schema(name, self._catalog)
        table = self._catalog.table(database, name)
        if table is None:
            return None
        if table.is_view:
            return view_source(table)
        return scan(table, self._partitions(table), self._store, self._workspace)

    def _partitions(self, table: Table) -> list[Partition]:
        if table.parameters.get("projection.enabled", "").lower() == "true":
            raise QueryFailed("NOT_SUPPORTED", f"partition projection (table {table.database}.{table.name})")
        return self._catalog.partitions(table) if table.keys else []
