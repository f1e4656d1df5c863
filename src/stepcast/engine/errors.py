"""What the engine refuses to do, and what to change.

ForecastingError
├── ImpossibleTask          the task contradicts itself or the panel
├── UnknownModel            a model that the registry does not list
├── MissingPackage          a model whose package is not installed
├── UnusableModel           a model's file that cannot be run, or has other shapes than the task
├── BadParameter            a training parameter that its model does not take
└── CannotFit               one model, one series: another model takes over, nothing fails
    └── HistoryTooShort     fewer observations than the model can learn from
"""

from collections.abc import Iterable

__all__ = [
    "BadParameter",
    "CannotFit",
    "ForecastingError",
    "HistoryTooShort",
    "ImpossibleTask",
    "MissingPackage",
    "UnknownModel",
    "UnusableModel",
]


class ForecastingError(Exception):
    """Anything the engine refuses to do. The message names what to change."""


class ImpossibleTask(ForecastingError):
    """The task contradicts itself, or does not belong to the panel."""


class UnknownModel(ForecastingError):
    """A model that the registry does not list."""

    def __init__(self, model: str, known: Iterable[str]) -> None:
        self.model, self.known = model, tuple(known)
        super().__init__(model, self.known)  # facts in args: survives pickling

    def __str__(self) -> str:
        return f"there is no model {self.model!r}: choose from {', '.join(self.known)}"


class MissingPackage(ForecastingError):
    """A model that needs a package which an ordinary installation does not have."""

    def __init__(self, model: str, package: str, extra: str = "") -> None:
        super().__init__(model, package, extra)
        self.model, self.package, self.extra = model, package, extra or package

    def __str__(self) -> str:
        return (
            f"{self.model} needs the package {self.package}, which is not installed: run "
            f"pip install 'stepcast[{self.extra}]', or ask for another algorithm"
        )


class UnusableModel(ForecastingError):
    """The file of a model of the user's own: unsafe to load, damaged, or with other shapes than the task.

    ``file`` may be set by whoever knows its name.
    """

    def __init__(self, algorithm: str, what: str, remedy: str) -> None:
        super().__init__(algorithm, what, remedy)
        self.algorithm, self.what, self.remedy = algorithm, what, remedy
        self.file = ""

    def __str__(self) -> str:
        named = f"{self.algorithm} model {self.file}".rstrip()
        return f"the {named} cannot be used: {self.what}; {self.remedy}"


class BadParameter(ForecastingError):
    """A training parameter that its model does not take, or with a value outside its range."""

    def __init__(self, parameter: str, given: str, allowed: str) -> None:
        super().__init__(parameter, given, allowed)
        self.parameter, self.given, self.allowed = parameter, given, allowed

    def __str__(self) -> str:
        return f"training parameter {self.parameter!r} is {self.given!r}: {self.allowed}"


class CannotFit(ForecastingError):
    """A model that cannot forecast a series: another takes over, and the leaderboard gives the reason."""

    def __init__(self, model: str, reason: str) -> None:
        super().__init__(model, reason)
        self.model, self.reason = model, reason

    def __str__(self) -> str:
        return f"{self.model} could not be fitted ({self.reason})"


class HistoryTooShort(CannotFit):
    """A series has fewer observations than the model can learn from."""

    def __init__(self, model: str, have: int, need: int) -> None:
        super().__init__(model, f"it needs {need} observations but there are only {have}")
        self.args = (model, have, need)  # what __init__ takes, so that it survives pickling
        self.have, self.need = have, need
