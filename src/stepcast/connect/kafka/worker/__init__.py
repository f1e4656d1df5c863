"""``stepcast stream``: observations in, forecasts out, exactly once.

What a worker knows of a partition follows from the messages of that partition in their order, and from
nothing else: neither clocks nor the size of batches nor who processed them before. ``partition`` is that
part, without Kafka in it; ``loop`` puts its outputs, its state and the offsets into one transaction.
"""
