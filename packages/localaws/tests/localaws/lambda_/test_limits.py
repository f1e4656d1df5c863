"""Sizes, concurrency and throttles."""

import json
import os
import threading

import pytest
from botocore.exceptions import ClientError

from localaws import LocalAws
from tests.localaws.functions import invoke, make_function
from tests.localaws.waiting import eventually


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_payload_beyond_6_mb_is_refused_before_anything_runs(aws: LocalAws) -> None:
    make_function(aws, "f", "def handler(event, context): return len(event)")

    assert invoke(aws, "f", "x" * 6_000_000).payload == 6_000_000
    with pytest.raises(ClientError, match=r"too large for the RequestResponse .* \(limit 6291456 bytes\)"):
        invoke(aws, "f", "x" * 6_291_455)


def test_an_event_beyond_256_kb_is_refused(aws: LocalAws) -> None:
    make_function(aws, "f", "def handler(event, context): pass")

    with pytest.raises(ClientError, match=r"too large for the Event .* \(limit 262144 bytes\)") as refused:
        invoke(aws, "f", "x" * 262_143, InvocationType="Event")

    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 413


def test_an_answer_beyond_6_mb_is_an_error(aws: LocalAws) -> None:
    make_function(aws, "f", "def handler(event, context): return 'x' * event")

    assert len(invoke(aws, "f", 6_200_000).payload) == 6_200_000
    answer = invoke(aws, "f", 6_400_000)
    assert answer.error == "Unhandled"
    assert answer.payload["errorType"] == "Function.ResponseSizeTooLarge"


def test_a_payload_that_is_not_json_is_refused(aws: LocalAws) -> None:
    make_function(aws, "f", "def handler(event, context): pass")

    with pytest.raises(ClientError, match="InvalidRequestContentException"):
        aws.client("lambda").invoke(FunctionName="f", Payload=b"{not json")


def test_on_a_busy_machine_a_function_gets_the_time_that_others_took(
    aws: LocalAws, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(os, "getloadavg", lambda: (100.0 * (os.cpu_count() or 1), 0.0, 0.0))
    make_function(aws, "slow", "import time\ndef handler(event, context): time.sleep(1.5)", Timeout=1)

    assert invoke(aws, "slow").error is None
    assert (
        "slow has not responded within its timeout of 1 s; this machine is busy: allowing 9 s more"
        in caplog.text
    )


def test_a_worker_with_nothing_to_do_ends_and_one_that_works_does_not() -> None:
    source = "import os, time\ndef handler(event, context):\n    time.sleep(event)\n    return os.getpid()"
    with LocalAws(idle_seconds=0.5) as aws:
        make_function(aws, "f", source, Timeout=30)

        first = invoke(aws, "f", 0).payload
        eventually(lambda: not alive(first), "the end of the idle worker")
        second = invoke(aws, "f", 2).payload

        assert second not in (None, first)


def test_more_invocations_than_workers_wait_their_turn(aws: LocalAws) -> None:
    """Each waits until two have met, so two run at once; none is refused."""
    source = """
        import os, time, pathlib
        def handler(event, context):
            met = pathlib.Path(event)
            (met / str(os.getpid())).touch()
            while len(list(met.iterdir())) < 2:
                time.sleep(0.01)
            return os.getpid()
    """
    make_function(aws, "meets", source)
    (aws.folder / "met").mkdir()
    answers: list[int] = []

    def call() -> None:
        answers.append(json.loads(aws.invoke("meets", json.dumps(str(aws.folder / "met")).encode()).payload))

    callers = [threading.Thread(target=call) for _ in range(8)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()

    assert len(answers) == 8
    assert 2 <= len(set(answers)) <= 4  # no more workers than processors, at least two


def test_a_concurrency_of_zero_throttles(aws: LocalAws) -> None:
    make_function(aws, "f", "def handler(event, context): pass")
    aws.client("lambda").put_function_concurrency(FunctionName="f", ReservedConcurrentExecutions=0)

    with pytest.raises(ClientError, match="TooManyRequestsException"):
        invoke(aws, "f")
