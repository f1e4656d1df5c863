"""Charts of forecasts, drawn by Matplotlib."""
