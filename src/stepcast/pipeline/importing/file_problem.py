"""A problem of an entire file: reading ends with one problem instead of one for each row."""

from stepcast.pipeline.problems import Problem

__all__ = ["FileProblem"]


class FileProblem(Exception):
    """The problem and its remedy; caught where files are read, never raised outside.

    ``cell`` is the text that shows the problem, if its line is not yet known.
    """

    def __init__(
        self, rule: str, message: str, remedy: str, line: int | None = None, cell: str | None = None
    ) -> None:
        super().__init__(rule, message, remedy, line, cell)
        self.rule, self.message, self.remedy, self.line, self.cell = rule, message, remedy, line, cell

    def of(self, file: str) -> Problem:
        """The same as an error of ``file``."""
        return Problem(self.rule, "error", self.message, self.remedy, file=file, line=self.line)
