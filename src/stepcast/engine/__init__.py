"""Forecasting: a panel of series in, quantile arrays out. Knows nothing of AWS, files or params.json."""
