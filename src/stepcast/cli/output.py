"""Output of commands: results on stdout, progress on stderr."""

import json
import math
import sys
from datetime import datetime
from typing import Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

__all__ = ["cell", "clock", "duration", "plural", "print_json", "print_line", "stderr", "stdout", "table"]

PIPE_WIDTH = 10_000  # characters


def stdout() -> Console:
    """Created on use: a test or a pipe may have replaced the stream. Lines in a pipe are never cut."""
    width = None if sys.stdout.isatty() else PIPE_WIDTH
    return Console(highlight=False, soft_wrap=True, width=width)


def stderr() -> Console:
    return Console(stderr=True, highlight=False, soft_wrap=True)


def print_line(text: str) -> None:
    """Print a line of the result unchanged: no color, no markup, no wrapping."""
    typer.echo(text)


def print_json(document: Any, indent: int | None = 2) -> None:
    """Print JSON; nan and infinity become null."""
    print_line(json.dumps(_finite(document), indent=indent, ensure_ascii=False, default=_plain))


def table(title: str | None, *columns: str, numbers: tuple[str, ...] = ()) -> Table:
    """A table; the columns in ``numbers`` are right-aligned."""
    made = Table(title=title, title_justify="left", box=None, pad_edge=False, header_style="bold")
    for column in columns:
        made.add_column(column, justify="right" if column in numbers else "left", overflow="fold")
    return made


def cell(value: Any) -> Text:
    """A value in a table: text is never interpreted as markup, and NULL is distinct from text."""
    return Text("NULL", style="dim italic") if value is None else Text(str(value))


def duration(seconds: float) -> str:
    """A readable duration.

    >>> duration(0.44), duration(12.3), duration(75), duration(7322)
    ('0.4 s', '12.3 s', '1 min 15 s', '2 h 2 min')
    """
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"


def plural(count: int, noun: str) -> str:
    """A number with its noun.

    >>> plural(1, "item"), plural(1200, "item")
    ('1 item', '1,200 items')
    """
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def clock(moment: datetime) -> str:
    """The local time, to the second."""
    return f"{moment.astimezone():%Y-%m-%d %H:%M:%S}"


def _plain(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _finite(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(inner) for inner in value]
    return value
