"""What a query reads and writes, with the permissions of who started it.

Athena has no permissions of its own: the caller's role needs Glue's permissions on the tables, and
S3's on their files and on the folder of the results.

Source: https://docs.aws.amazon.com/athena/latest/ug/managed-policies.html and
https://docs.aws.amazon.com/athena/latest/ug/fine-grained-access-to-glue-resources.html
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from localaws.athena.catalog import Catalog, Partition, Table
from localaws.athena.errors import QueryFailed
from localaws.iam.evaluation import Access
from localaws.iam.guard import Guard
from localaws.objects import ObjectStore, StoredObject

__all__ = ["AthenaAccess"]

_Require = Callable[[str, str], None]


class AthenaAccess:
    """Gives a query the catalog and the objects as its caller may see them."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard

    def as_caller(
        self, account: str, region: str, catalog: Catalog, store: ObjectStore
    ) -> tuple[Catalog, ObjectStore]:
        """Both, for who makes the request that this thread answers."""
        principal = self._guard.current()
        if principal.kind in {"Account", "Anonymous"}:
            return catalog, store

        def require(action: str, resource: str) -> None:
            if problem := self._guard.problem(principal, Access(action, resource)):
                raise QueryFailed(None, f"Insufficient permissions to execute the query. {problem}")

        return _Catalog(account, region, require), _Store(store, require)


class _Catalog(Catalog):
    """A catalog that asks before it answers."""

    def __init__(self, account: str, region: str, require: _Require) -> None:
        super().__init__(account, region)
        self._arn, self._require = f"arn:aws:glue:{region}:{account}", require

    def _need(self, action: str, database: str | None = None, table: str | None = None) -> None:
        self._require(f"glue:{action}", f"{self._arn}:catalog")
        if database is not None:
            self._require(f"glue:{action}", f"{self._arn}:database/{database}")
        if database is not None and table is not None:
            self._require(f"glue:{action}", f"{self._arn}:table/{database}/{table}")

    def databases(self) -> list[dict[str, Any]]:
        self._need("GetDatabases")
        return super().databases()

    def database(self, name: str) -> dict[str, Any] | None:
        self._need("GetDatabase", name.lower())
        found = Catalog.databases(self)
        return next((each for each in found if each["Name"].lower() == name.lower()), None)

    def create_database(self, name: str, description: dict[str, Any], *, if_missing: bool) -> None:
        self._need("CreateDatabase", name.lower())
        super().create_database(name, description, if_missing=if_missing)

    def drop_database(self, name: str, *, if_exists: bool, cascade: bool) -> None:
        self._need("DeleteDatabase", name.lower())
        super().drop_database(name, if_exists=if_exists, cascade=cascade)

    def tables(self, database: str) -> list[Table]:
        self._need("GetTables", database.lower(), "*")
        return super().tables(database)

    def table(self, database: str, name: str) -> Table | None:
        self._need("GetTable", database.lower(), name.lower())
        return super().table(database, name)

    def create_table(self, database: str, table: dict[str, Any], *, if_missing: bool = False) -> None:
        self._need("CreateTable", database.lower(), table["Name"])
        super().create_table(database, table, if_missing=if_missing)

    def update_table(self, table: Table, changes: dict[str, Any]) -> None:
        self._need("UpdateTable", table.database, table.name)
        super().update_table(table, changes)

    def drop_table(self, table: Table) -> None:
        self._need("DeleteTable", table.database, table.name)
        super().drop_table(table)

    def partitions(self, table: Table) -> list[Partition]:
        self._need("GetPartitions", table.database, table.name)
        return super().partitions(table)

    def add_partition(self, table: Table, partition: Partition, *, if_missing: bool) -> bool:
        self._need("BatchCreatePartition", table.database, table.name)
        return super().add_partition(table, partition, if_missing=if_missing)

    def update_partition(self, table: Table, partition: Partition) -> None:
        self._need("UpdatePartition", table.database, table.name)
        super().update_partition(table, partition)

    def drop_partition(self, table: Table, values: Sequence[str], *, if_exists: bool) -> None:
        self._need("DeletePartition", table.database, table.name)
        super().drop_partition(table, values, if_exists=if_exists)


class _Store:
    """Objects, for who may list the bucket and read or write the keys."""

    def __init__(self, store: ObjectStore, require: _Require) -> None:
        self._store, self._require = store, require

    def files(self, bucket: str, prefix: str) -> list[StoredObject]:
        self._require("s3:ListBucket", f"arn:aws:s3:::{bucket}")
        found = self._store.files(bucket, prefix)
        for stored in found:
            self._require("s3:GetObject", f"arn:aws:s3:::{bucket}/{stored.key}")
        return found

    def resolve(self, bucket: str, key: str) -> StoredObject | None:
        self._require("s3:GetObject", f"arn:aws:s3:::{bucket}/{key}")
        return self._store.resolve(bucket, key)

    def put(self, bucket: str, key: str, body: bytes | Path) -> StoredObject:
        self._require("s3:GetBucketLocation", f"arn:aws:s3:::{bucket}")
        self._require("s3:PutObject", f"arn:aws:s3:::{bucket}/{key}")
        return self._store.put(bucket, key, body)
