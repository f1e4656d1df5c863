"""Sums of series over the levels of Predictor.Hierarchy: forecast, made to agree, and exported."""
