"""What moto's EMR Serverless lacks: its job runs succeed without running, at midnight (moto 5.2.5).

Applications of releases such as ``emr-spark-8.0.0``, whose name moto does not know, are taken, too.

Source: https://docs.aws.amazon.com/emr-serverless/latest/APIReference/Welcome.html
"""

from contextlib import ExitStack
from typing import Any

from moto.core.utils import utcnow
from moto.emrserverless.exceptions import ValidationException
from moto.emrserverless.models import EMRServerlessBackend
from moto.emrserverless.responses import EMRServerlessResponse

from localaws.emr_serverless.job_runs import JobRuns
from localaws.emr_serverless.spark_submit import problem
from localaws.patching import replace

__all__ = ["patch"]

_KNOWN_TO_MOTO = "emr-7.0.0"
# Of StartJobRun: moto drops them, and the job would do what it must not, or once what it should do again.
_NOT_SUPPORTED = ("executionIamPolicy", "retryPolicy", "flexExecution")


def patch(undo: ExitStack, runs: JobRuns) -> None:
    """Let ``runs`` carry out what is started and cancelled."""
    create, start = EMRServerlessBackend.create_application, EMRServerlessBackend.start_job_run
    answer = EMRServerlessResponse.start_job_run

    def create_application(self: Any, *, release_label: str, **given: Any) -> Any:
        label = _KNOWN_TO_MOTO if (release_label or "").startswith("emr-spark-") else release_label
        made = create(self, release_label=label, **given)
        made.release_label, made.created_at, made.updated_at = release_label, utcnow(), utcnow()
        return made

    def start_job_run(self: Any, **given: Any) -> Any:
        token = given["client_token"]
        for known in self.job_runs.get(given["application_id"], ()):
            if known.client_token == token:  # the request was repeated
                return known
        if said := problem(given["job_driver"], given["configuration_overrides"]):
            raise ValidationException(said)
        made = start(self, **given)
        made.created_at = made.updated_at = utcnow()
        made.created_by = made.execution_role_arn
        made.state = made.state_details = "SUBMITTED"
        runs.start(made)
        return made

    def cancel_job_run(self: Any, application_id: str, job_run_id: str) -> tuple[str, str]:
        runs.cancel(self.get_job_run(application_id, job_run_id))
        return application_id, job_run_id

    def answer_start(self: Any) -> Any:
        for name in _NOT_SUPPORTED:
            if self._get_param(name):
                # Answered with 501, like all that moto does not have: the caller must not think it is done.
                raise NotImplementedError(f"{name} is not supported by localaws: start the job without it")
        if self._get_param("mode") == "STREAMING":
            raise NotImplementedError("mode STREAMING is not supported by localaws: start the job as BATCH")
        return answer(self)

    replace(undo, EMRServerlessBackend, "create_application", create_application)
    replace(undo, EMRServerlessBackend, "start_job_run", start_job_run)
    replace(undo, EMRServerlessBackend, "cancel_job_run", cancel_job_run)
    replace(undo, EMRServerlessResponse, "start_job_run", answer_start)
