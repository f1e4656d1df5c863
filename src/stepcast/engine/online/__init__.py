"""Update a trained AutoPredictor with one observation at a time, without training again.

    state = online.start(panel, task, shared)                     once; shared is from engine.fit_shared
    outcome = online.update(state, items, periods, values)        in place, arrays (observations,)
    online.learn_together(state)                                  in place, every state.stride periods
    ahead = online.forecast(state, items)                         (items, horizon, outputs)
    items = online.add(state, ["new"])                            a new item, later
    records = online.items_to_bytes(state, items)                 one for each item, exact
    online.put_items(state, records)
    state = online.from_bytes(online.to_bytes(state), task, shared)
    state = online.take_over(state, online.start(...))            continue with a newer predictor

All arguments and results are arrays; items are indexes into ``state.ids``.
"""

from stepcast.engine.online.add import add
from stepcast.engine.online.forecast import forecast
from stepcast.engine.online.records import RecordMismatch, items_to_bytes, put_items
from stepcast.engine.online.start import start
from stepcast.engine.online.state import State
from stepcast.engine.online.take_over import take_over
from stepcast.engine.online.together import learn_together
from stepcast.engine.online.update import Outcome, update
from stepcast.engine.online.whole import from_bytes, to_bytes

__all__ = [
    "Outcome",
    "RecordMismatch",
    "State",
    "add",
    "forecast",
    "from_bytes",
    "items_to_bytes",
    "learn_together",
    "put_items",
    "start",
    "take_over",
    "to_bytes",
    "update",
]
