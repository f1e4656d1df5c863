"""The current forecast: its vintage and its columns."""

from stepcast.cli.failure import Failure
from stepcast.cli.query import ask, identifier
from stepcast.cli.stack import Stack
from stepcast.pipeline import tables, vintages
from stepcast.pipeline.vintages import Manifest

__all__ = ["current_vintage", "key_columns", "output_columns", "target_column", "unknown_item"]

NAMED = 5  # items in a message


def current_vintage(stack: Stack) -> Manifest:
    """The manifest of the current forecast; Failure if there is none yet."""
    manifest = vintages.current(stack.s3, stack.bucket)
    if manifest is None:
        raise Failure(
            f"there is no forecast yet: upload params.json and train/*.csv to s3://{stack.bucket}/, "
            "then run `stepcast status`"
        )
    return manifest


def key_columns(manifest: Manifest) -> list[str]:
    """The columns that identify a series: the identifier, then the forecast's dimensions."""
    return [name for name, kind in manifest.wide_columns.items() if kind == "string" and name != "date"]


def output_columns(manifest: Manifest) -> list[str]:
    """The columns of the forecast's values, in their order: mean, p10, p50."""
    return [name for name, kind in manifest.wide_columns.items() if kind == "double"]


def target_column(manifest: Manifest) -> str:
    """The target: the only number column of the table."""
    return next(name for name, kind in manifest.clean_columns.items() if kind == "double")


def unknown_item(stack: Stack, manifest: Manifest, item: str) -> Failure:
    """The error for an item that the forecast does not have, with the most similar names."""
    name = identifier(key_columns(manifest)[0])
    close = ask(
        stack,
        # Only a column name is inserted into the text, validated by identifier().
        f"SELECT {name} FROM {tables.LEADERBOARD} WHERE scope = 'item' GROUP BY {name} "  # noqa: S608
        f"ORDER BY levenshtein_distance(lower({name}), lower(?)), {name} LIMIT {NAMED:d}",
        [item],
    ).rows
    return Failure(
        f"the forecast has no item {item!r}: did you mean {', '.join(str(row[0]) for row in close)}? "
        f"The table {tables.LEADERBOARD} lists all items"
    )
