"""Forecasts of series and of their sums that agree: what a category is forecast to sell, its items add up to.

Pure functions over arrays. Nothing here knows what the levels are called or where forecasts come from.
"""
