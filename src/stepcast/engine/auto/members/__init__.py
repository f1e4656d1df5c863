"""What forecasts a point: each by itself, from every past origin."""
