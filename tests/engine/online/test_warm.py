"""The kernels of updates are compiled at set-up, once, and not by the observations of a stream."""

import sys

import numpy as np
from numba.core.dispatcher import Dispatcher

from stepcast.engine import online
from stepcast.engine.online.warm import warm_up
from tests.engine.online.streams import seasonal, with_trees


def compiled() -> dict[str, int]:
    """How many types each kernel is compiled for."""
    return {
        f"{module}.{name}": len(one.signatures)
        for module, loaded in list(sys.modules.items())
        if module.startswith("stepcast.engine.online.")
        for name, one in vars(loaded).items()
        if isinstance(one, Dispatcher) and one.py_func.__module__ == module
    }


def test_no_stream_needs_a_kernel_that_warming_up_did_not_compile() -> None:
    warm_up()
    before = compiled()
    hours, days = seasonal(items=12), seasonal(items=2, known=800, after=3, frequency="D", season=7)

    for stream, shared in ((hours, with_trees(hours, 0.75)), (days, days.shared)):
        state = online.start(stream.panel, stream.task, shared)
        online.update(state, *stream.observations(9))
        online.learn_together(state)
        online.add(state, ["new"])
        online.forecast(state)
        online.put_items(state, online.items_to_bytes(state, np.array([0])))

    assert compiled() == before
    assert len(before) > 20


def test_a_column_of_a_table_is_taken_as_any_other_array() -> None:
    """Its values lie apart in memory: a kernel of its own would be compiled for half a minute."""
    stream = seasonal(items=2)
    state, other = stream.start(), stream.start()
    before = compiled()
    values = stream.values[:, stream.known]

    online.update(state, np.arange(4)[::2] // 2, np.full(2, 1001), values)
    online.update(other, np.arange(2), np.full(2, 1001), values.copy())

    assert not values.flags.c_contiguous
    assert compiled() == before
    assert online.to_bytes(state) == online.to_bytes(other)
