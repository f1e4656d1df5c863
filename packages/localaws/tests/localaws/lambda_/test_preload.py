"""Functions that share what is imported: each is as if it had imported everything for itself."""

import os
import select
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from localaws import LocalAws, Preload
from tests.localaws.functions import archive, invoke, make_function
from tests.localaws.waiting import eventually

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux forks workers")

# Two modules that nothing else imports; of the second, localaws' environment has none.
PRELOAD = Preload(modules=("wave", "no_such_module"), variables=("WAVE_*",))
IMPORTED = """
    import os, sys
    found = "wave" in sys.modules
    def handler(event, context):
        import wave
        return [found, getattr(wave, "__file__", None), os.getppid()]
"""
EVERYTHING = """
    import os, random, signal, sys, threading, time, tempfile
    def handler(event, context):
        print("said"); print("complained", file=sys.stderr)
        return {
            "environment": {
                name: value for name, value in os.environ.items()
                if name not in ("AWS_LAMBDA_LOG_STREAM_NAME", "AWS_LAMBDA_RUNTIME_API", "AWS_ENDPOINT_URL")
                and not name.startswith(("AWS_ACCESS", "AWS_SECRET", "AWS_SESSION", "_X_AMZN_TRACE"))
            },
            "folder": os.getcwd() == os.environ["LAMBDA_TASK_ROOT"],
            "path": sys.path,
            "arguments": sys.argv,
            "shown": open("/proc/self/cmdline").read().rstrip("\\0").split("\\0")[-2:],
            "flags": list(sys.flags),
            "input": sys.stdin.read(),
            "leads": os.getpgid(0) == os.getsid(0) == os.getpid(),
            "signals": [str(signal.getsignal(one)) for one in signal.Signals],
            "descriptors": len(os.listdir("/proc/self/fd")),
            "threads": threading.active_count(),
            "zone": time.tzname,
            "temporary": tempfile.mkdtemp(),
            "main": sys.modules["__main__"].__spec__ is not None,
        }
"""


@pytest.fixture
def aws() -> Iterator[LocalAws]:
    with LocalAws(preload=PRELOAD) as running:
        yield running


def made(aws: LocalAws, name: str, source: str = IMPORTED, **settings: Any) -> Any:
    make_function(aws, name, source, **settings)
    answer = invoke(aws, name)
    assert answer.error is None, answer.payload
    return answer.payload


def test_functions_find_it_imported_by_one_process(aws: LocalAws) -> None:
    first, second = made(aws, "first"), made(aws, "second")

    assert first[0] is second[0] is True
    assert first[2] == second[2] != os.getpid()


def test_they_are_as_if_each_had_its_own_interpreter(aws: LocalAws) -> None:
    variables = {"Environment": {"Variables": {"GREETING": "Grüße", "TZ": "Asia/Tokyo"}}}
    forked = made(aws, "f", EVERYTHING, **variables)
    aws.stop()
    with LocalAws() as plain:
        expected = made(plain, "f", EVERYTHING, **variables)

    assert forked["environment"]["GREETING"] == "Grüße"
    for found in (forked, expected):
        # The folder of the code is in a temporary one, as is that of what the handler leaves behind.
        left, root = Path(found.pop("temporary")), str(Path(found["environment"]["LAMBDA_TASK_ROOT"]).parent)
        assert str(left.parent) == found["environment"]["TMPDIR"]
        assert left.is_relative_to(root)
        assert not left.exists()
        found["environment"] = {name: text.replace(root, "") for name, text in found["environment"].items()}
        found["path"] = [folder.replace(root, "") for folder in found["path"]]
        assert found.pop("folder")
    assert forked == expected


def test_who_brings_the_module_along_has_its_own(aws: LocalAws) -> None:
    found, file, parent = made(aws, "f", Code={"ZipFile": archive(app=IMPORTED, wave="mine = True")})

    assert found is False
    assert Path(file).name == "wave.py"
    assert parent == os.getpid()


def test_variables_that_are_read_at_the_import_are_shared_or_nothing_is(aws: LocalAws) -> None:
    def server(name: str, **variables: str) -> int:
        return int(made(aws, name, Environment={"Variables": variables})[2])

    alike = {server("a", WAVE_FORM="sine", MINE="1"), server("b", WAVE_FORM="sine", MINE="2")}
    others = {server("c", WAVE_FORM="saw"), server("d")}

    assert len(alike) == 1
    assert len(alike | others) == 3
    assert server("e", PYTHONOPTIMIZE="1") == os.getpid()


def test_an_end_is_told_as_it_was(aws: LocalAws) -> None:
    ends = {
        "left": "import os\ndef handler(event, context): os._exit(3)",
        "crashed": "import os\ndef handler(event, context): os.kill(os.getpid(), 11)",
        "broken": "raise SystemExit(4)",
    }
    for name, source in ends.items():
        make_function(aws, name, source)

    told = {name: invoke(aws, name).payload["errorMessage"].rpartition("error: ")[2] for name in ends}

    assert told["left"] == "exit status 3"
    assert told["crashed"] == "signal: SIGSEGV"
    assert told["broken"].startswith("exit status")


def test_a_worker_that_is_killed_while_it_waits_is_replaced(aws: LocalAws) -> None:
    make_function(aws, "f", "import os\ndef handler(event, context): return os.getpid()")
    killed = invoke(aws, "f").payload
    process = os.pidfd_open(killed)
    os.kill(killed, signal.SIGKILL)
    select.select([process], [], [])  # until all of its threads have ended
    os.close(process)

    answer = invoke(aws, "f")

    assert answer.error is None, answer.payload
    assert answer.payload != killed


def test_where_the_shared_process_is_killed_another_takes_its_place(aws: LocalAws) -> None:
    _, _, server = made(aws, "first")
    os.kill(server, signal.SIGKILL)

    found, _, another = eventually(
        lambda: (again := made(aws, f"f{os.urandom(4).hex()}"))[0] and again, "another one"
    )

    assert found
    assert another != server


def test_workers_do_not_draw_alike() -> None:
    source = """
        import random, numpy
        def handler(event, context): return [random.random(), numpy.random.random()]
    """
    with LocalAws(preload=Preload(("numpy.random",))) as aws:
        one, other = made(aws, "one", source), made(aws, "other", source)

    assert one[0] != other[0]
    assert one[1] != other[1]


def test_descriptions_of_services_are_read_once_for_all_sessions() -> None:
    source = """
        from botocore.loaders import create_loader
        def handler(event, context):
            first, second = (create_loader().load_service_model(event, "service-2") for _ in range(2))
            return [first is second, first == second, first["metadata"]["endpointPrefix"]]
    """
    with LocalAws(preload=Preload(("botocore.session",), services=("sqs",))) as aws:
        make_function(aws, "loads", source)

        shared, other = (invoke(aws, "loads", name).payload for name in ("sqs", "sns"))

    assert shared == [True, True, "sqs"]
    assert other == [False, True, "sns"]


def test_it_ends_with_localaws() -> None:
    with LocalAws(preload=PRELOAD) as aws:
        _, _, server = made(aws, "f")
        assert Path(f"/proc/{server}").exists()

    assert not Path(f"/proc/{server}").exists()
