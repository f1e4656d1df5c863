"""The error that connectors raise."""

__all__ = ["ConnectorError"]


class ConnectorError(Exception):
    """Another system refused, or its answer or the input cannot be used. The message says what to change."""
