"""The console: a web page on forecasts, runs and SQL, served by ``stepcast up`` under ``/_stepcast/``.

It is a client like any other: what it shows comes from S3, Step Functions, Athena and Logs.
"""
