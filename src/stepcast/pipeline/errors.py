"""Why a step failed. Class names are public: the state machine catches them, SNS messages name them.

StepcastError
├── InvalidInputException            the user's input; the message lists what to change
├── ResourceNotFoundException        a resource or object that a step needs is not there
├── ResourceAlreadyExistsException
├── Superseded                       newer input has arrived: not a failure, this run only steps aside
└── Unsettled                        the upload is still going on: not a failure, this run waits again
"""

__all__ = [
    "InvalidInputException",
    "ResourceAlreadyExistsException",
    "ResourceNotFoundException",
    "StepcastError",
    "Superseded",
    "Unsettled",
]


class StepcastError(Exception):
    """Anything the pipeline refuses to do. The message says what to change."""


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
