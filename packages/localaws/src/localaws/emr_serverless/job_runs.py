"""Job runs as processes: each is a spark-submit with the job's arguments, in a folder of its own.

A job runs with the credentials of its role, so that it can do what the role's policies allow. Its driver and
executors are one process tree on this machine (``local[*]``), in the Python environment of localaws unless
the job names another one. One that was running when localaws stopped is started anew.

Spark is that of the variable SPARK_HOME, else the spark-submit on the PATH; SPARK_CONF_DIR counts, too.
"""

import contextlib
import logging
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError
from moto.core.utils import utcnow
from moto.emrserverless.models import JobRun, emrserverless_backends

from localaws.aws_session import make_client
from localaws.emr_serverless.job_files import JobFiles
from localaws.emr_serverless.spark_submit import submission
from localaws.iam.access_keys import AccessKeys, Credentials
from localaws.lambda_.environment import INTERPRETER

__all__ = ["ENDED", "JobRuns"]

log = logging.getLogger(__name__)

ENDED = frozenset({"SUCCESS", "FAILED", "CANCELLED"})
_MASTER = "local[*]"
_OURS = {"spark.ui.enabled": "false"}
_LOOPBACK = {"spark.driver.bindAddress": "127.0.0.1", "spark.driver.host": "127.0.0.1"}
_INHERITED = (*INTERPRETER, "JAVA_HOME", "SPARK_CONF_DIR", "SPARK_HOME")
_TETHER = Path(__file__).with_name("tether.py")
_LONGEST_DETAILS = 256  # characters, AWS's limit
# A traceback's last line, of Python or Java.
_EXCEPTION = re.compile(r"(Caused by: )?(([A-Za-z_]\w*\.)+\w+: |\w*(Error|Exception)\b)")
_TAIL = 1 << 16  # bytes of the driver's log in which its exceptions are looked for
_NO_SPARK = (
    "localaws found no Spark: install it (pip install pyspark, and Java), and set SPARK_HOME to its folder "
    "or put spark-submit on the PATH"
)


class JobRuns:
    """The processes of job runs. ``keep`` is called when one is in another state."""

    def __init__(
        self, folder: Path, endpoint: str, keys: AccessKeys, keep: Callable[[], None] = lambda: None
    ) -> None:
        self._folder, self._endpoint, self._keys, self._keep = folder, endpoint, keys, keep
        self._running: dict[str, subprocess.Popen[bytes] | None] = {}  # by id; None while it is prepared
        self._lock = threading.Lock()
        self._closed = False

    def start(self, run: JobRun) -> None:
        """Carry out a job run that is SUBMITTED."""
        with self._lock:
            self._running[run.id] = None
        threading.Thread(
            target=self._carry_out, args=(run,), name=f"localaws job run {run.id}", daemon=True
        ).start()

    def cancel(self, run: JobRun) -> None:
        """End it, unless it has ended."""
        with self._lock:
            if run.state in ENDED:
                return
            _enter(run, "CANCELLING", "The job run was asked to be cancelled")
            _kill(self._running.get(run.id))

    def restore(self) -> None:
        """Start those anew that were running when the process ended."""
        backend: Any
        for _, _, backend in list(emrserverless_backends.iter_backends()):
            for runs in backend.job_runs.values():
                for run in runs:
                    if run.state == "CANCELLING":
                        _enter(run, "CANCELLED", "The job run was cancelled")
                    elif run.state not in ENDED:
                        _enter(run, "SUBMITTED", "localaws was started again meanwhile")
                        self.start(run)

    def close(self) -> None:
        """End the processes; their job runs stay as they are."""
        with self._lock:
            self._closed = True
            processes = [process for process in self._running.values() if process is not None]
        for process in processes:
            _kill(process)
            process.wait()

    def _carry_out(self, run: JobRun) -> None:
        folder = self._folder / run.id
        work = folder / "work"
        try:
            shutil.rmtree(work, ignore_errors=True)  # of an attempt that ended with localaws
            work.mkdir(parents=True)
            state, details = self._outcome(run, folder, work)
        except ClientError as error:
            state, details = "FAILED", f"{error.response['Error']['Code']}: {error}"
        except (OSError, ValueError) as error:
            state, details = "FAILED", str(error)
        finally:
            shutil.rmtree(work, ignore_errors=True)
        with self._lock:
            self._running.pop(run.id, None)
            if self._closed:
                return
            if run.state == "CANCELLING":
                state, details = "CANCELLED", "The job run was cancelled"
            _enter(run, state, details)
        log.info("job run %s: %s %s", run.id, state, details)
        self._keep()

    def _outcome(self, run: JobRun, folder: Path, work: Path) -> tuple[str, str]:
        spark = _spark_submit()
        credentials = self._keys.issue(run.execution_role_arn, f"emr-serverless-{run.id}")
        region = run.arn.split(":")[3]
        s3 = make_client("s3", self._endpoint, region, credentials.for_boto3())
        with contextlib.closing(s3):
            submitted = submission(
                run.job_driver or {},
                run.configuration_overrides,
                {"spark.app.name": run.name or run.id, **_OURS},
                JobFiles(s3, work),
            )
        ours = {**_LOOPBACK, "spark.local.dir": str(work / "spark")}
        command = [
            *(spark, f"--master={_MASTER}"),
            *(f"--conf={name}={value}" for name, value in ours.items()),
            *submitted.arguments,
        ]
        environment = {**self._environment(region, credentials), **submitted.environment}
        with (folder / "stdout").open("wb") as out, (folder / "stderr").open("wb") as err:
            watched, lifeline = os.pipe()
            try:
                with self._lock:
                    if self._closed or run.state == "CANCELLING":
                        return "CANCELLED", "The job run was cancelled"
                    process = self._running[run.id] = subprocess.Popen(  # noqa: S603 - the user's own job
                        [sys.executable, str(_TETHER), str(watched), *command],
                        cwd=work,
                        env=environment,
                        stdin=subprocess.DEVNULL,
                        stdout=out,
                        stderr=err,
                        pass_fds=[watched],
                        start_new_session=True,
                    )
                    _enter(run, "RUNNING", "RUNNING")
                self._keep()
                return _ended(process, run, folder)
            finally:
                os.close(watched)
                os.close(lifeline)

    def _environment(self, region: str, credentials: Credentials) -> dict[str, str]:
        return {
            **{name: os.environ[name] for name in _INHERITED if name in os.environ},
            "AWS_ACCESS_KEY_ID": credentials.access_key_id,
            "AWS_SECRET_ACCESS_KEY": credentials.secret_access_key,
            "AWS_SESSION_TOKEN": credentials.session_token,
            "AWS_REGION": region,
            "AWS_DEFAULT_REGION": region,
            "AWS_ENDPOINT_URL": self._endpoint,
            "AWS_EC2_METADATA_DISABLED": "true",
            "PYSPARK_PYTHON": sys.executable,
            "SPARK_LOCAL_IP": "127.0.0.1",
        }


def _ended(process: "subprocess.Popen[bytes]", run: JobRun, folder: Path) -> tuple[str, str]:
    minutes = run.execution_timeout_minutes
    try:
        code = process.wait(60 * minutes if minutes else None)
    except subprocess.TimeoutExpired:
        _kill(process)
        process.wait()
        return "CANCELLED", f"The job run was cancelled, because it ran for more than {minutes} minutes"
    if code == 0:
        return "SUCCESS", "Job completed successfully"
    exceptions = _exceptions(folder / "stderr")
    return "FAILED", (
        f"Job failed, please check complete logs in configured logging destination. ExitCode: {code}. "
        f"Last few exceptions: {exceptions or f'none, see {folder}'}"
    )


def _exceptions(path: Path) -> str:
    """The lines of the log that name the last exceptions."""
    with path.open("rb") as file:
        file.seek(max(path.stat().st_size - _TAIL, 0))
        lines = file.read().decode(errors="replace").splitlines()
    return " ".join([line for line in lines if _EXCEPTION.match(line)][-2:])


def _spark_submit() -> str:
    home = os.environ.get("SPARK_HOME")
    found = shutil.which("spark-submit", path=str(Path(home) / "bin") if home else None)
    if found is None:
        raise FileNotFoundError(_NO_SPARK)
    return found


def _enter(run: JobRun, state: str, details: str) -> None:
    run.state, run.state_details, run.updated_at = state, details[:_LONGEST_DETAILS], utcnow()
    if state in ENDED:
        taken: timedelta = run.updated_at - run.created_at
        run.total_execution_duration_seconds = round(taken.total_seconds())


def _kill(process: "subprocess.Popen[bytes] | None") -> None:
    if process is not None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
