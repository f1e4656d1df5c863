"""How an item's forecast was produced, from the leaderboard."""

from dataclasses import dataclass
from typing import Any

from stepcast.cli.current_forecast import current_vintage, key_columns, unknown_item
from stepcast.cli.query import ask, identifier
from stepcast.cli.stack import Stack
from stepcast.pipeline import tables
from stepcast.pipeline.vintages import Manifest

__all__ = ["Reasons", "reasons"]


@dataclass(frozen=True)
class Reasons:
    """The key of one series by column, and the rest of its row in the leaderboard."""

    key: dict[str, str]
    figures: dict[str, Any]

    @property
    def ratio(self) -> float | None:
        """The quantile loss relative to seasonal naive's; None if they cannot be compared."""
        ours, naive = self.figures["wql"], self.figures["wql_seasonal_naive"]
        return ours / naive if ours is not None and naive else None


def reasons(stack: Stack, item: str) -> tuple[Manifest, list[Reasons]]:
    """The current forecast, and the reasons for each series of ``item``; Failure with similar names."""
    manifest = current_vintage(stack)
    names = key_columns(manifest)
    columns = ", ".join(map(identifier, names))
    rows = ask(
        stack,
        # Only column names are inserted into the text, validated by identifier().
        f"SELECT * FROM {tables.LEADERBOARD} WHERE scope = 'item' AND {identifier(names[0])} = ? "  # noqa: S608
        f"ORDER BY {columns}",
        [item],
    ).records()
    if not rows:
        raise unknown_item(stack, manifest, item)
    return manifest, [
        Reasons(
            key={name: str(row.pop(name)) for name in names},
            figures={name: value for name, value in row.items() if name != "scope"},
        )
        for row in rows
    ]
