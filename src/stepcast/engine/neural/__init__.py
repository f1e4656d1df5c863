"""Neural networks by name, one for all series: CNN-QR, Deep_AR_Plus and LSTM.

Trained once, on a sample, with JAX (the extra ``neural``); shards forecast with NumPy alone. The networks are
written once, for arrays of either: what a forecast uses is what was trained.
"""
