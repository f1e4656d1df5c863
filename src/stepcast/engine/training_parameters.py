"""What a training parameter of any algorithm may be, and how its text is read.

Without NumPy: the functions that check params.json have none.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from stepcast.engine.errors import BadParameter

__all__ = ["AUTOMATIC", "Parameter", "Settings", "read_all", "read_one"]

AUTOMATIC = "automatic"  # chosen from the data
Settings = Mapping[str, int | float | str]


@dataclass(frozen=True)
class Parameter:
    """A number from ``low`` to ``high`` of ``kind``, or one of ``choices``."""

    default: str
    kind: type[int] | type[float] | type[str]
    low: float = 0.0
    high: float = 0.0
    choices: tuple[str, ...] = ()

    def read(self, text: str) -> int | float | str:
        """ValueError, with what is allowed, where ``text`` is no value of it."""
        given = text.strip()
        if self.choices:
            found = [choice for choice in self.choices if choice.lower() == given.lower()]
            if not found:
                raise ValueError(f"write one of {', '.join(self.choices)}")
            return found[0]
        value: int | float
        try:
            value = int(given) if self.kind is int else float(given)
        except ValueError:
            value = self.high + 1
        if not self.low <= value <= self.high:
            what = "a whole number" if self.kind is int else "a number"
            raise ValueError(f"write {what} from {self.low:g} to {self.high:g}")
        return value


def read_one(key: str, parameter: Parameter, text: str) -> int | float | str:
    """AUTOMATIC as it is; BadParameter where ``text`` is no value of the parameter."""
    try:
        return AUTOMATIC if text == AUTOMATIC else parameter.read(text)
    except ValueError as error:
        raise BadParameter(key, text, str(error)) from None


def read_all(
    algorithm: str, known: Mapping[str, Parameter], given: Mapping[str, str], *others: str
) -> Settings:
    """Every parameter that is ``known``, read or its default; ``others`` may be given, too.

    BadParameter names what is wrong.
    """
    for key, text in given.items():
        if key not in known and key not in others:
            raise BadParameter(key, text, f"{algorithm} takes {', '.join([*others, *sorted(known)])}")
    return MappingProxyType(
        {key: read_one(key, parameter, given.get(key, parameter.default)) for key, parameter in known.items()}
    )
