"""Fields of the functions' structured log lines, for those who show them."""

__all__ = ["COMMON"]

# In every line, or where the code is and what went wrong; what else there is are facts.
COMMON = frozenset(
    {
        "level",
        "location",
        "message",
        "timestamp",
        "service",
        "xray_trace_id",
        "exception",
        "exception_name",
    }
)
