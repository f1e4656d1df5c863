"""MLflow's environment variables: those that select the server, and those that Stepcast sets."""

__all__ = ["EXPERIMENT", "SETTINGS", "URI"]

URI = "MLFLOW_TRACKING_URI"
EXPERIMENT = "MLFLOW_EXPERIMENT_NAME"
SETTINGS = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    # A server that is down is reported within seconds; by default, it takes minutes.
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "3",
}
