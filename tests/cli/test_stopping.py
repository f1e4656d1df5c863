"""A signal ends the process, whichever thread it was given to."""

import signal
import subprocess
import sys

from tests.cli.processes import PATIENCE

WAITS = """
import signal, sys, threading
from stepcast.cli.stopping import until_stopped, unwinding

def told():
    sys.stdin.readline()
    signal.pthread_kill(threading.get_ident(), signal.SIGTERM)

threading.Thread(target=told, daemon=True).start()
with unwinding():
    print("ready", flush=True)
    until_stopped()
"""


def test_a_signal_that_another_thread_got_ends_the_wait() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", WAITS], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        try:
            print(file=process.stdin, flush=True)
            code = process.wait(timeout=PATIENCE)
        finally:
            process.kill()

    assert code == 128 + signal.SIGTERM
