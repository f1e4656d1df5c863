"""Why a query fails, and why a request is refused."""

__all__ = ["QueryCancelled", "QueryFailed", "RequestRefused"]


class QueryFailed(Exception):
    """The query ends as FAILED; ``str()`` is its StateChangeReason.

    ``code`` is Athena's name for what is wrong (``SYNTAX_ERROR``, ``COLUMN_NOT_FOUND``), or None where Athena
    gives none. ``message`` begins with ``line L:C:`` where a place in the query is known.
    """

    def __init__(self, code: str | None, message: str) -> None:
        super().__init__(code, message)
        self.code, self.message = code, message

    def __str__(self) -> str:
        return f"{self.code}: {self.message}" if self.code else self.message


class QueryCancelled(Exception):
    """The query ends as CANCELLED; ``str()`` is its StateChangeReason."""


class RequestRefused(Exception):
    """The request itself is answered with 400 and this error code."""

    def __init__(self, message: str, code: str = "InvalidRequestException") -> None:
        super().__init__(message, code)
        self.message, self.code = message, code

    def __str__(self) -> str:
        return self.message
