"""Errors of steps. Class names are public: the state machine catches them, SNS messages contain them.

StepcastError
├── InternalError                    a bug in Stepcast; the message gives the location and how to report it
├── InvalidInputException            a problem in the user's input; the message lists what to change
├── ResourceNotFoundException        a resource or object that a step needs does not exist
├── ResourceAlreadyExistsException
├── Superseded                       newer input has arrived: not a failure, a newer run takes over
├── TuningContinues                  tuning does not fit one invocation: not a failure, the state is retried
└── Unsettled                        the upload is still in progress: not a failure, this run waits again
"""

__all__ = [
    "InternalError",
    "InvalidInputException",
    "ResourceAlreadyExistsException",
    "ResourceNotFoundException",
    "StepcastError",
    "Superseded",
    "TuningContinues",
    "Unsettled",
]


class StepcastError(Exception):
    """Base class of the pipeline's errors. The message says what to change."""


class InternalError(StepcastError):
    """A bug in Stepcast."""

    def __init__(self, step: str, where: str, what: str, version: str) -> None:
        super().__init__(step, where, what, version)  # facts in args: survives pickling
        self.step, self.where, self.what, self.version = step, where, what, version

    def __str__(self) -> str:
        return (
            f"{self.step} failed with an internal error{self.where}: {self.what}. This is a bug in Stepcast "
            f"{self.version}, not a problem in your input. Please report it; see Internal errors in "
            "docs/how-to/operate.md for what to send"
        )


class InvalidInputException(StepcastError):
    """params.json or the data violate a rule."""


class ResourceNotFoundException(StepcastError):
    """A resource that a step needs does not exist, or no longer exists."""


class ResourceAlreadyExistsException(StepcastError):
    """A resource with this name exists with different properties."""


class Superseded(StepcastError):
    """The bucket's input is newer than this run's; the newer run produces the forecast."""


class TuningContinues(StepcastError):
    """Finished trials are kept; the next invocation goes on with the study."""


class Unsettled(StepcastError):
    """The newest file was uploaded less than SettleSeconds ago; more may follow."""
