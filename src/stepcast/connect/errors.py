"""What a connector cannot do, said to whoever asked for it."""

__all__ = ["ConnectorError"]


class ConnectorError(Exception):
    """Another system refused, or answered what cannot be used. The message says what to change."""
