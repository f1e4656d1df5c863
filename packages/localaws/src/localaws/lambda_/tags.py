"""Tags in which a function carries what moto has no place for. They are seen with its other tags."""

__all__ = ["DEAD_LETTER_TAG", "LOG_FORMAT_TAG", "LOG_GROUP_TAG", "REVISION_TAG", "TASK_ROOT_TAG"]

TASK_ROOT_TAG = "localaws:task-root"
"""The folder whose sources are run instead of a function's image."""

REVISION_TAG = "localaws:revision"
"""A word that changes with every deployment of sources."""

LOG_GROUP_TAG = "localaws:log-group"
"""LoggingConfig.LogGroup."""

LOG_FORMAT_TAG = "localaws:log-format"
"""LoggingConfig.LogFormat: Text or JSON."""

DEAD_LETTER_TAG = "localaws:dead-letter"
"""DeadLetterConfig.TargetArn."""
