"""A column of the schema: how its cells become values, and the messages for cells that cannot."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

__all__ = ["Column", "Converted"]


@dataclass(frozen=True)
class Converted:
    """The values of one column, with null where they are missing or wrong.

    ``bad``      True where a cell is wrong; None if no cell is.
    ``seconds``  of the ``timestamp`` column only: each row's moment, in seconds since 1970.
    """

    values: pa.Array
    bad: NDArray[np.bool_] | None
    seconds: NDArray[np.int64] | None = None

    @classmethod
    def checked(
        cls, values: pa.Array, bad: NDArray[np.bool_], seconds: NDArray[np.int64] | None = None
    ) -> "Converted":
        """With ``bad`` as None if no cell is wrong."""
        return cls(values, bad if bad.any() else None, seconds)


class Column(Protocol):
    """One attribute of the schema.

    ``rule``  the rule that a wrong cell violates; ``type`` the storage type of the values.
    """

    name: str
    rule: str
    type: pa.DataType

    def accepts(self, given: pa.DataType) -> bool:
        """Whether a Parquet column of this type, other than text, can be read; text always can."""

    def convert(self, cells: pa.Array) -> Converted:
        """``cells`` are texts without null (CSV), or anything of an accepted type (Parquet)."""

    def explain(self, cell: str | None) -> tuple[str, str]:
        """What is wrong with ``cell`` and what to change; None is a null of Parquet."""
