"""Formats user-supplied values for messages."""

from collections.abc import Sequence

__all__ = ["listed", "shown"]

LONGEST = 60  # characters of a cell that a message shows


def shown(text: str) -> str:
    """``text`` in quotes, truncated if it is long.

    >>> shown("client_12"), shown("x" * 100)
    ("'client_12'", "'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx...'")
    """
    return repr(text if len(text) <= LONGEST else text[:LONGEST] + "...")


def listed(names: Sequence[str], most: int = 20) -> str:
    """``names`` separated by commas; beyond ``most``, only their number.

    >>> listed(["a", "b", "c"], most=2)
    "'a', 'b' and 1 more"
    """
    text = ", ".join(shown(name) for name in names[:most])
    return f"{text} and {len(names) - most} more" if len(names) > most else text
