"""The prepared statements of one work group, kept where moto keeps them."""

from moto.athena.models import AthenaBackend, PreparedStatement

__all__ = ["WorkgroupStatements"]


class WorkgroupStatements:
    """moto's own dictionary, keyed by work group and name: two groups may use one name."""

    def __init__(self, backend: AthenaBackend, workgroup: str) -> None:
        self._known: dict[str, PreparedStatement] = backend.prepared_statements
        self._workgroup = workgroup

    def find(self, name: str) -> PreparedStatement | None:
        return self._known.get(self._key(name))

    def get(self, name: str) -> str | None:
        """The query of the statement, or None."""
        found = self.find(name)
        return None if found is None else str(found.query_statement)

    def put(self, name: str, query: str, description: str = "") -> None:
        """Create or replace it."""
        self._known[self._key(name)] = PreparedStatement(name, self._workgroup, query, description)  # type: ignore[arg-type]

    def remove(self, name: str) -> bool:
        """Whether there was one."""
        return self._known.pop(self._key(name), None) is not None

    def all(self) -> list[PreparedStatement]:
        """In the order of their names."""
        mine = [each for key, each in self._known.items() if key.startswith(f"{self._workgroup}/")]
        return sorted(mine, key=lambda each: str(each.statement_name))

    def _key(self, name: str) -> str:
        return f"{self._workgroup}/{name.lower()}"
