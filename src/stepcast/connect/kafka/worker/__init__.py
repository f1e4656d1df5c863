"""``stepcast stream``: observations in, forecasts out, exactly once.

The state of a partition depends only on the messages of that partition in their order: not on clocks, batch
sizes or the worker that processed them. ``partition`` implements this without Kafka; ``loop`` writes its
outputs, its state and the offsets in one transaction.
"""
