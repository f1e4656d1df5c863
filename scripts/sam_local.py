"""Run every function with the real ``sam local invoke``, and compare its answer with the local runtime's.

``make sam-local`` starts it. SAM exits with 0 whatever a handler does, so its output is read here. It needs
SAM's command line (its path is the argument) and a Docker engine, and talks to nothing but this machine.
With EXTRAS=neural in the environment, images have that extra, and the run is one of its algorithms.
"""

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any

from localaws import LocalAws
from stepcast.pipeline.run import fingerprint

ROOT = Path(__file__).parents[1]
STACK, BUCKET = "stepcast", "stepcast-123456789012-us-east-1"  # as the events name it
BASE_IMAGE = "public.ecr.aws/lambda/python:3.12"
EVERYWHERE = "0.0.0.0"  # noqa: S104 - every request must be signed
NEVER = "3600"  # seconds: the run that StartExecution starts must not work on what the invoked step works on
STEPS = ("StartExecution", "CreateDataset", "ImportData", "MonitorDrift", "FitShared", "TrainPredictor")
STEPS += ("Forecast", "Reconcile", "Export", "UpdateAthena", "Notify", "Cleanup")
OF_EACH_SHARD = {"TrainPredictor", "Forecast"}
EXTRAS = os.environ.get("EXTRAS", "").split()
ALGORITHM_OF = {
    "neural": {
        "AlgorithmArn": "arn:aws:forecast:::algorithm/CNN-QR",
        "TrainingParameters": {"epochs": "2"},
    },
    "keras": {
        "AlgorithmArn": "arn:aws:forecast:::algorithm/Keras",
        "TrainingParameters": {"model": "models/net.keras", "epochs": "1", "batch_size": "4096"},
    },
    "tune": {"AlgorithmArn": "arn:aws:forecast:::algorithm/NPTS", "PerformHPO": True},
    "prophet": {"AlgorithmArn": "arn:aws:forecast:::algorithm/Prophet"},
}
CONTEXT = "      DockerContext: .\n"  # of each image in template.yaml


def main() -> int:
    sam = Path(sys.argv[1]).resolve()
    if (missing := missing_engine()) is not None:
        print(missing, file=sys.stderr)
        return 1
    if run("docker", "image", "inspect", BASE_IMAGE).returncode:
        print(f"pulling {BASE_IMAGE}")
        if run("docker", "pull", BASE_IMAGE).returncode:
            print("it cannot be pulled: a stand-in is made of this machine's system and Python 3.12")
            subprocess.run([ROOT / "scripts/lambda_base_image"], check=True)
    with template() as path:
        subprocess.run([sam, "build", "--template", path], cwd=ROOT, env=environment(), check=True)
    expected = dict(in_order(invoked))

    def is_alike(aws: LocalAws, step: str, event: dict[str, Any]) -> bool:
        alike = same(step, expected[step], invoked_by_sam(sam, aws, step, event))
        if not alike:
            invoked(aws, step, event)  # so that the steps after it find what they need
        return alike

    alike = sum(dict(in_order(is_alike)).values())
    print(f"{alike} of {len(STEPS)} functions answer sam local invoke as they answer stepcast invoke")
    return 0 if alike == len(STEPS) else 1


def missing_engine() -> str | None:
    """What to install or start, where there is no Docker engine."""
    if shutil.which("docker") is None:
        return (
            "sam local invoke runs functions in Docker, and there is none: install Docker Desktop, or on "
            "Debian and Ubuntu `apt-get install -y docker.io`. Without it: stepcast invoke."
        )
    if (asked := run("docker", "version")).returncode:
        return f"Docker's engine does not answer: start it (as root, `dockerd`)\n{asked.stderr.strip()}"
    return None


@contextmanager
def template() -> Iterator[Path]:
    """template.yaml, with EXTRAS as a build argument of each image."""
    path = ROOT / "template.yaml"
    if not EXTRAS:
        yield path
        return
    extended = path.with_name("template.extras.yaml")  # beside it: its paths are relative
    argument = f"      DockerBuildArgs:\n        EXTRAS: {' '.join(EXTRAS)}\n"
    extended.write_text(path.read_text().replace(CONTEXT, CONTEXT + argument))
    try:
        yield extended
    finally:
        extended.unlink()


def params() -> dict[str, Any]:
    """The project's params.json, with an algorithm that needs the last of EXTRAS."""
    given: dict[str, Any] = json.loads((ROOT / "params.json").read_text())
    if EXTRAS:
        del given["Predictor"]["PerformAutoML"]
        given["Predictor"] |= ALGORITHM_OF[EXTRAS[-1]]
    return given


@cache  # one file for both stacks: the run is named after it
def keras_model() -> bytes:
    """A small one for ``params``, saved here and loaded in the image."""
    os.environ["KERAS_BACKEND"] = "jax"
    import keras

    horizon, quantiles = params()["Predictor"]["ForecastHorizon"], len(params()["Forecast"]["ForecastTypes"])
    layers = [keras.layers.Flatten(), keras.layers.Dense(horizon * quantiles)]
    shaped = keras.layers.Reshape((horizon, quantiles))
    model = keras.Sequential([keras.Input((48, 1)), *layers, shaped])
    model.compile(optimizer="adam")
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "net.keras"
        model.save(path)
        return path.read_bytes()


def bridge() -> str:
    """Where to listen so that containers reach this machine, which is not 127.0.0.1."""
    asked = run("docker", "network", "inspect", "bridge", "--format", "{{(index .IPAM.Config 0).Gateway}}")
    address = asked.stdout.strip() or "172.17.0.1"
    try:
        socket.create_server((address, 0)).close()
    except OSError:  # no address of this machine: Docker Desktop's engine is on one of its own
        return EVERYWHERE
    return address


def run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, check=False)


def environment(key: str = "local", secret: str = "local") -> dict[str, str]:  # noqa: S107 - any will do
    """SAM's environment: keys that it hands to functions, no account, no word of its use sent home."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    keys = {"AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": secret}
    return {**kept, **keys, "AWS_DEFAULT_REGION": "us-east-1", "SAM_CLI_TELEMETRY": "0"}


def in_order(act: Callable[[LocalAws, str, dict[str, Any]], Any]) -> Iterator[tuple[str, Any]]:
    """``act`` on each function and its event, in order, in a fresh stack with the project's own input."""
    with LocalAws(host=bridge()) as aws:
        aws.deploy(ROOT / "template.yaml", STACK, {"SettleSeconds": NEVER})
        s3 = aws.client("s3")
        s3.put_bucket_notification_configuration(Bucket=BUCKET, NotificationConfiguration={})
        s3.put_object(Bucket=BUCKET, Key="params.json", Body=json.dumps(params()))
        if EXTRAS[-1:] == ["keras"]:
            s3.put_object(Bucket=BUCKET, Key="models/net.keras", Body=keras_model())
        for path in sorted((ROOT / "testing-data/train").glob("*.csv")):
            s3.upload_file(str(path), BUCKET, f"train/{path.name}")
        for step in STEPS:
            event = json.loads((ROOT / f"events/{file_name(step)}.json").read_text())
            if "run" in event:  # named after the input, which EXTRAS may have changed
                event["run"] = fingerprint(s3, BUCKET)
            answer = act(aws, step, event)
            if step in OF_EACH_SHARD:  # the event is that of the first; the others' work is needed too
                key = f"runs/{event['run']}/{event['vintage']}/shards.json"
                shards = json.load(s3.get_object(Bucket=BUCKET, Key=key)["Body"])
                for shard in (entry["shard"] for entry in shards if entry["shard"] != event["shard"]):
                    invoked(aws, step, {**event, "shard": shard})
            yield step, answer


def file_name(step: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in step).lstrip("_")


def invoked(aws: LocalAws, step: str, event: dict[str, Any]) -> Any:
    """The answer of the deployed function, which runs in the local runtime."""
    answer = aws.client("lambda").invoke(FunctionName=f"{STACK}-{step}", Payload=json.dumps(event))
    return json.load(answer["Payload"])


def invoked_by_sam(sam: Path, aws: LocalAws, step: str, event: dict[str, Any]) -> Any:
    """The answer of ``sam local invoke``, None where there is none; its log goes to stderr."""
    port, keys, address = aws.endpoint.rpartition(":")[2], aws.credentials, bridge()
    address = "host-gateway" if address == EVERYWHERE else address
    assert keys is not None  # noqa: S101 - there are some wherever it listens elsewhere than on 127.0.0.1
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        variables = json.loads((ROOT / "events/env.json").read_text())
        given = {"AWS_ENDPOINT_URL": f"http://host.docker.internal:{port}", "SETTLE_SECONDS": NEVER}
        variables["Parameters"].update(given)
        (folder / "env.json").write_text(json.dumps(variables))
        (folder / "event.json").write_text(json.dumps(event))
        command = [
            sam,
            "local",
            "invoke",
            f"{step}Function",
            "-e",
            folder / "event.json",
            "-n",
            folder / "env.json",
        ]
        command += ["--skip-pull-image", "--add-host", f"host.docker.internal:{address}"]
        print(
            f"sam local invoke {step}Function -e events/{file_name(step)}.json -n events/env.json", flush=True
        )
        done = subprocess.run(
            command,
            cwd=ROOT,
            env=environment(keys.access_key, keys.secret),
            stdout=subprocess.PIPE,
            text=True,
            check=False,
        )
    lines = [line for line in done.stdout.splitlines() if line.strip()]
    with suppress(IndexError, json.JSONDecodeError):
        return json.loads(lines[-1])
    return None


def same(step: str, expected: Any, got: Any) -> bool:
    """Whether SAM's answer is the runtime's; what is not is printed."""
    if isinstance(got, dict) and "errorType" in got:
        print(f"{step}: failed with {got['errorType']}: {got.get('errorMessage')}", file=sys.stderr)
    elif got is None:
        print(f"{step}: no answer: a timeout, or SAM failed: see its output above", file=sys.stderr)
    elif got != expected:
        print(
            f"{step}: answers {json.dumps(got)}, and to stepcast invoke {json.dumps(expected)}",
            file=sys.stderr,
        )
    else:
        return True
    return False


if __name__ == "__main__":
    sys.exit(main())
