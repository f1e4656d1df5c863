"""Which panels are taken for totals."""

from collections.abc import Sequence

import numpy as np
import pytest

from stepcast.engine.neural.units import adds_up
from tests.engine.given import a_panel, monthly

TIME = np.arange(80.0)
SALES = monthly(80)
TOTAL = np.cumsum(SALES)


@pytest.mark.parametrize(
    ("series", "expected"),
    [
        ([TOTAL, TOTAL, SALES], True),
        ([TOTAL, SALES, SALES], False),
        ([-TOTAL], True),
        ([np.where(TIME % 7 == 3, np.nan, TOTAL)], True),
        ([TOTAL, TOTAL, *[np.full(80, 3.0)] * 5], True),  # what never changes does not count
        ([np.full(80, 3.0)], False),
        ([2 * TIME + SALES], False),  # growth around which values go up and down
        ([[], [np.nan] * 80], False),
        ([np.concatenate([SALES[:50], SALES[50] + TOTAL[:30]])], True),  # of late
        ([np.concatenate([TOTAL[:-8], SALES[:8]])], True),  # whatever the last eight are
    ],
)
def test_totals_are_told_from_what_has_a_level(series: Sequence[Sequence[float]], expected: bool) -> None:
    assert adds_up(a_panel(*series), 8, 20) == expected
