"""Errors of Kafka's connectors."""

from stepcast.connect.errors import ConnectorError

__all__ = ["NoAnswer"]


class NoAnswer(ConnectorError):
    """A broker or registry cannot be reached, or the client cannot log in: later it may work."""
