"""Prometheus, and what speaks its API: metrics become series, forecasts become metrics to alert on."""
