"""Structured logs: one JSON object a line, an event with facts."""

from aws_lambda_powertools import Logger

__all__ = ["log"]

log = Logger(service="stepcast")
