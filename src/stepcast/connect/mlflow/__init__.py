"""MLflow: finished runs as MLflow runs, predictors as registered models."""
