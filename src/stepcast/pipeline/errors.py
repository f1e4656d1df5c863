"""Why a step failed. Class names are public: the state machine catches them, SNS messages name them.

StepcastError
├── InternalError                    a defect of Stepcast; the message says where, and how to report it
├── InvalidInputException            the user's input; the message lists what to change
├── ResourceNotFoundException        a resource or object that a step needs is not there
├── ResourceAlreadyExistsException
├── Superseded                       newer input has arrived: not a failure, this run only steps aside
└── Unsettled                        the upload is still going on: not a failure, this run waits again
"""

__all__ = [
    "InternalError",
    "InvalidInputException",
    "ResourceAlreadyExistsException",
    "ResourceNotFoundException",
    "StepcastError",
    "Superseded",
    "Unsettled",
]


class StepcastError(Exception):
    """Anything the pipeline refuses to do. The message says what to change."""


class InternalError(StepcastError):
    """What cannot be, and happened."""

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
    """params.json or the data break a rule."""


class ResourceNotFoundException(StepcastError):
    """A resource that a step needs does not exist (any more)."""


class ResourceAlreadyExistsException(StepcastError):
    """A resource of that name exists with other properties."""


class Superseded(StepcastError):
    """The bucket's input is newer than this run's; the newer run makes the forecast."""


class Unsettled(StepcastError):
    """The newest file was uploaded less than SettleSeconds ago; more may follow."""
