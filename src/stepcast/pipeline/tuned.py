"""What tuning has chosen, between the steps of a run and on the predictor."""

from typing import Any

from pydantic import BaseModel, ConfigDict

from stepcast.pipeline import layout, objects
from stepcast.pipeline.errors import ResourceNotFoundException

__all__ = ["TunedParameters", "read", "take", "write"]


class TunedParameters(BaseModel):
    """The best of ``trials`` trials, ``trial``; 0 is the default.

    ``predictor``           whose trials they are: a later one may have been made of what it learned.
    ``value``, ``default``  the metric of the best trial and of the default on the tuning window.
    ``seconds``             of CPU, of all trials.
    ``importances``         of the parameters, adding up to one; empty where the trials cannot tell.
    """

    model_config = ConfigDict(frozen=True)

    predictor: str
    algorithm: str
    parameters: dict[str, str]
    trial: int
    trials: int
    metric: str
    value: float | None
    default: float | None
    seconds: float
    importances: dict[str, float]

    @property
    def told(self) -> str:
        """As readable text: ``trial 7 of 20: context_length 62; 0.0259 instead of 0.0282``."""
        if self.value is None:
            return "nothing, because no observed value lies both before and in the tuning window"
        if self.trial == 0:
            return f"the default was not improved upon in {self.trials} trials"
        chosen = ", ".join(f"{name} {value}" for name, value in self.parameters.items())
        return (
            f"trial {self.trial} of {self.trials}: {chosen}; {self.metric} {self.value:.4g} instead of "
            f"{self.default:.4g} on the tuning window"
        )


def read(s3: Any, bucket: str, work: str) -> TunedParameters | None:
    """None where nothing was tuned, or not yet."""
    return _read(s3, bucket, layout.tuned(work))


def write(s3: Any, bucket: str, work: str, predictor: str, found: TunedParameters) -> None:
    """For this run's next steps, and for runs that go on with its predictor."""
    for key in (layout.kept_tuned(predictor), layout.tuned(work)):
        objects.write(s3, bucket, key, found.model_dump_json(indent=2))


def take(s3: Any, bucket: str, work: str, predictor: str, earlier: str) -> None:
    """Take what was chosen for an ``earlier`` predictor, if anything."""
    if (found := _read(s3, bucket, layout.kept_tuned(earlier))) is not None:
        write(s3, bucket, work, predictor, found)


def _read(s3: Any, bucket: str, key: str) -> TunedParameters | None:
    try:
        return TunedParameters.model_validate_json(objects.read(s3, bucket, key))
    except ResourceNotFoundException:
        return None
