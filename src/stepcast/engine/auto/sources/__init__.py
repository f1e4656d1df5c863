"""Quantiles that do not come from the members' errors."""
