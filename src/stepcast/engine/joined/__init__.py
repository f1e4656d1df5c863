"""The AutoPredictor with a neural network: where the past says that it pays, both have a share.

Trained once, in ``fit_shared``, with JAX (the extra ``neural``); shards forecast with NumPy alone.
"""
