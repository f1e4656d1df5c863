"""Prometheus and servers with the same API: metrics become series, forecasts become metrics to alert on."""
