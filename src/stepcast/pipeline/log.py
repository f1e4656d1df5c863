"""Structured logs: one JSON object per line, an event with facts."""

from aws_lambda_powertools import Logger

__all__ = ["log"]

log = Logger(service="stepcast")
