"""How tests bring and start real servers (tests/services); a small HTTP server stands for them here."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from tests.services import Service, Start, running
from tests.services.packages import Debian, NotBrought
from tests.services.server import NotStarted, Server, answers, free_port, started

ROOT = Path(__file__).parents[2]
SERVES = """
import http.server, sys
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), http.server.SimpleHTTPRequestHandler).serve_forever()
"""


def service(program: str = SERVES, executable: str = Path(sys.executable).name, memory: int = 512) -> Service:
    def command(start: Start) -> list[str]:
        return [sys.executable, "-c", program, str(start.port)]

    return Service("small", Debian("small"), (executable,), command, answers("/"), memory=memory)


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


def test_a_service_that_is_absent_skips_the_test_and_says_how_to_bring_it(tmp_path: Path) -> None:
    with (
        pytest.raises(pytest.skip.Exception, match=r"^small is not here: scripts/services bring small$"),
        running(service(executable="nowhere"), tmp_path),
    ):
        pass


def test_a_service_serves_its_files_in_the_context_and_is_gone_after_it(tmp_path: Path) -> None:
    with running(service(), tmp_path, files={"given": "hello"}) as server:
        with urllib.request.urlopen(f"{server.url}/given") as answer:  # noqa: S310 - a loopback address
            assert answer.read() == b"hello"
        assert "GET /given" in server.log

    assert server.process.poll() is not None
    assert is_free(server.port)


def test_a_server_that_ends_at_once_says_the_end_of_its_log(tmp_path: Path) -> None:
    with (
        pytest.raises(NotStarted, match="ended with 3:\nno such setting"),
        started(service("import sys; print('no such setting', flush=True); sys.exit(3)"), tmp_path),
    ):
        pass


def test_a_server_cannot_take_more_memory_than_it_was_given(tmp_path: Path) -> None:
    with (
        pytest.raises(NotStarted, match="MemoryError"),
        started(service("print(len(bytearray(300 << 20)))", memory=200), tmp_path),
    ):
        pass


def test_a_taken_port_is_said(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with (
            pytest.raises(NotStarted, match="Address already in use"),
            started(service(), tmp_path, port=taken.getsockname()[1]),
        ):
            pass


@pytest.mark.skipif(sys.platform != "linux", reason="prctl's parent-death signal is Linux's")
def test_a_server_does_not_outlive_a_test_run_that_is_killed(tmp_path: Path) -> None:
    port = free_port()
    program = (
        "import sys; from pathlib import Path\n"
        "from tests.project.test_services import service, started\n"
        f"with started(service(), Path({str(tmp_path)!r}), port={port}):\n"
        "    print('up', flush=True); sys.stdin.read()"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"up\n"

    process.send_signal(signal.SIGKILL)
    process.communicate()

    deadline = time.monotonic() + 30
    while not is_free(port) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert is_free(port)


def test_a_failed_test_shows_the_logs_of_the_servers_that_ran(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(
        "from tests.project.test_services import service, started\n"
        "def test_that_fails(tmp_path):\n"
        "    with started(service(), tmp_path):\n"
        "        assert False\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "tests.services.plugin", "test_it.py"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )

    assert done.returncode == 1, done.stdout
    assert "log of small at http://127.0.0.1:" in done.stdout
    assert '"GET / HTTP/1.1" 200' in done.stdout


def test_a_package_that_cannot_be_had_is_no_service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("tests.services.service.BROUGHT", tmp_path / "brought")
    lost = service(executable="nowhere")

    with pytest.raises(NotBrought, match="apt-get is not installed"):
        lost.bring()

    assert lost.version is None
    assert lost.find() is None


def test_an_unknown_name_is_answered_with_those_there_are() -> None:
    done = subprocess.run(
        [ROOT / "scripts/services", "bring", "kaffka"], capture_output=True, text=True, check=False
    )

    assert done.returncode == 2
    assert "there is no service kaffka: choose of " in done.stderr
    assert "prometheus" in done.stderr


def test_servers_stop_at_once_when_asked_twice(tmp_path: Path) -> None:
    with started(service(), tmp_path) as server:
        assert isinstance(server, Server)
        server.stop()
        server.stop()

    assert is_free(server.port)
