"""Lambda with handlers that really run, each in a worker process that speaks AWS's Runtime API."""
