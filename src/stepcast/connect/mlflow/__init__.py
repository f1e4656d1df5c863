"""MLflow: a finished run as one of its runs, the predictor as one of its models."""
