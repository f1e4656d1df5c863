"""Forecasts from Python: data frames in, data frames out, by the rules of the pipeline and without AWS."""
