"""What a draft cannot decide or read."""

__all__ = ["CannotDraft"]


class CannotDraft(ValueError):
    """The files do not say what params.json must; the message says what to decide or to change."""
