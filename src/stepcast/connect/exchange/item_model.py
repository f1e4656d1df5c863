"""An item's forecast as formulas of the step, checked against the engine's."""

from dataclasses import dataclass, field

import numpy as np

from stepcast.connect.errors import ConnectorError
from stepcast.connect.exchange.formulas import Formula, Named, values_of
from stepcast.connect.exchange.item import Item
from stepcast.engine.arrays import Floats

__all__ = ["CLOSE", "ItemModel"]

CLOSE = 1e-9  # relative to a value, or to the largest one where it is small beside that


@dataclass(frozen=True)
class ItemModel:
    """What files are written of.

    ``algorithm``  by name; ``form`` is what was fitted, in words.
    ``point``      the point forecast, from which nothing was cut off yet.
    ``outputs``    by column name, such as p10: formulas that may use ``point``.
    ``expected``   what the engine forecasts (horizon, outputs).
    ``latest``     the latest values (lags,), the last one first, where formulas take them; else empty.
    ``tolerance``  how near to ``expected`` other programs come, relative as CLOSE is.
    """

    item: Item
    algorithm: str
    form: str
    point: Named
    outputs: dict[str, Formula]
    expected: Floats
    latest: Floats = field(default_factory=lambda: np.empty(0))
    tolerance: float = CLOSE

    @property
    def horizon(self) -> int:
        return self.item.task.horizon

    def check(self) -> None:
        """Raises ConnectorError where the formulas do not give what the engine forecasts."""
        steps = np.arange(1, self.horizon + 1)
        with np.errstate(all="ignore"):  # what is not finite is refused
            made = np.stack([values_of(one, steps, self.latest) for one in self.outputs.values()], axis=-1)
            size = float(np.abs(self.expected).max())
            close = np.allclose(made, self.expected, rtol=self.tolerance, atol=self.tolerance * size)
        if not (close and np.isfinite(made).all()):
            raise ConnectorError(
                f"item {self.item.name!r} cannot be exported by {self.algorithm}: in double precision its "
                "formulas do not give the engine's forecast, as happens where values lie at the limits of "
                "floating point; rescale the target"
            )
