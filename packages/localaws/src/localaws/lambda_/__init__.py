"""Lambda with handlers that really run, each in a worker process that uses AWS's Runtime API."""
