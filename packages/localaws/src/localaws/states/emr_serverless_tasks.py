"""Tasks that start a job run of EMR Serverless, and with ``.sync`` wait for its end.

moto refuses them (moto 5.2.5, state_task_service_factory.py). The task's output is the answer of StartJobRun
or, with ``.sync``, the job run as GetJobRun describes it. A job run that does not succeed fails its task with
``States.TaskFailed``, and its description is the cause. One whose task is stopped or times out is cancelled.

Source: https://docs.aws.amazon.com/step-functions/latest/dg/connect-emr-serverless.html. The prefix
``EMRServerless.`` of errors of StartJobRun itself has not been seen on AWS.
"""

import time
from contextlib import ExitStack, suppress
from typing import Any

from botocore.exceptions import ClientError
from moto.stepfunctions.parser.asl.component.common.error_name.custom_error_name import CustomErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import (
    FailureEvent,
    FailureEventException,
)
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name import StatesErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name_type import (
    StatesErrorNameType,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task import state_task_factory
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.resource import ResourceCondition
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_callback import (  # noqa: E501 - moto's path
    StateTaskServiceCallback,
)
from moto.stepfunctions.parser.asl.eval.callback.callback import CallbackTimeoutError
from moto.stepfunctions.parser.asl.utils.encoding import to_json_str

from localaws.emr_serverless.job_runs import ENDED
from localaws.patching import replace
from localaws.states.clients import SharedClients
from localaws.states.place import attempt_name, place_of
from localaws.states.run import pause

__all__ = ["patch"]

_SERVICE = "emr-serverless"
_FIRST_LOOK, _LAST_LOOK = 0.1, 1.0  # seconds between two looks at a job run: twice as long each time
_PARAMETERS = {
    "ApplicationId",
    "ClientToken",
    "ConfigurationOverrides",
    "ExecutionRoleArn",
    "ExecutionTimeoutMinutes",
    "JobDriver",
    "Mode",
    "Name",
    "RetryPolicy",
    "Tags",
}


def patch(undo: ExitStack, clients: SharedClients) -> None:
    """Let the interpreter make these tasks."""
    make: Any = state_task_factory.state_task_service_for  # type: ignore[attr-defined]

    def made(service_name: str) -> Any:
        return _Task(clients) if service_name == _SERVICE else make(service_name)

    replace(undo, state_task_factory, "state_task_service_for", made)


class _Task(StateTaskServiceCallback):
    def __init__(self, clients: SharedClients) -> None:
        sync: Any = ResourceCondition.Sync
        super().__init__(supported_integration_patterns={sync})
        self._clients = clients

    def _get_supported_parameters(self) -> set[str]:
        return _PARAMETERS

    def _eval_service_task(
        self, env: Any, resource_runtime_part: Any, normalised_parameters: Any, state_credentials: Any
    ) -> None:
        client = self._clients(resource_runtime_part.region, _SERVICE, state_credentials)
        # The same request when the attempt is repeated after a restart, so that nothing is started twice.
        normalised_parameters.setdefault("clientToken", attempt_name(env))
        started = client.start_job_run(**normalised_parameters)
        started.pop("ResponseMetadata", None)
        env.stack.append(started)

    def _eval_integration_pattern(
        self, env: Any, resource_runtime_part: Any, normalised_parameters: Any, state_credentials: Any
    ) -> None:
        del normalised_parameters
        client = self._clients(resource_runtime_part.region, _SERVICE, state_credentials)
        started = env.stack.pop()
        named = {"applicationId": started["ApplicationId"], "jobRunId": started["JobRunId"]}
        run, wait = client.get_job_run(**named)["jobRun"], _FIRST_LOOK
        while run["state"] not in ENDED:
            pause(env, time.time() + wait)
            if not env.is_running():
                _cancel(env, client, named)
                raise CallbackTimeoutError
            run, wait = client.get_job_run(**named)["jobRun"], min(2 * wait, _LAST_LOOK)
        found = {"jobRun": run}
        self._normalise_response(found, service_action_name="getJobRun")
        if run["state"] != "SUCCESS":
            raise FailureEventException(self._failed(env, StatesErrorNameType.StatesTaskFailed, found))
        env.stack.append(found["JobRun"])

    def _failed(self, env: Any, kind: StatesErrorNameType, found: Any) -> FailureEvent:
        return self._event(env, StatesErrorName(kind), kind.to_name(), to_json_str(found["JobRun"]))

    def _from_error(self, env: Any, ex: Exception) -> FailureEvent:
        if not isinstance(ex, ClientError):
            return super()._from_error(env=env, ex=ex)
        name = f"EMRServerless.{ex.response['Error']['Code']}"
        return self._event(env, CustomErrorName(name), name, ex.response["Error"]["Message"])

    def _event(self, env: Any, name: Any, error: str, cause: str) -> FailureEvent:
        details: Any = {
            "taskFailedEventDetails": {
                "error": error,
                "cause": cause,
                "resource": self._get_sfn_resource(),
                "resourceType": self._get_sfn_resource_type(),
            }
        }
        kind: Any = "TaskFailed"
        return FailureEvent(env, name, kind, details)


def _cancel(env: Any, client: Any, named: dict[str, str]) -> None:
    run = place_of(env).run
    if run.closed and not run.ending.locked():
        return  # localaws stops: the next start goes on waiting
    with suppress(ClientError):  # as good as can be: the role may not be allowed to
        client.cancel_job_run(**named)
