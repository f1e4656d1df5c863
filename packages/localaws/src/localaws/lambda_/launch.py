"""What a worker process executes: start a runtime client, and die with the process that started the worker.

Only the standard library is imported here, because the handler's own packages come first on the path.
Arguments: the number of the descriptor to watch, the runtime client (``awslambdaric`` or a path), the
handler.
"""

import os
import runpy
import select
import signal
import sys
import threading


def die_with(descriptor: int) -> None:
    """Kill this process's group when the pipe's other end is gone: nobody else would, after a kill -9."""

    def watch() -> None:
        os.read(descriptor, 1)
        kill_group()

    threading.Thread(target=watch, daemon=True).start()


def kill_group() -> None:
    """End this process and its children."""
    os.killpg(os.getpgid(0), signal.SIGKILL)


def main() -> None:
    """Run the runtime client as ``python -m`` would, with the handler as its argument."""
    descriptor, client, handler = sys.argv[1:]
    die_with(int(descriptor))
    # As with python -m in Lambda, the task root comes first, not the folder of this file.
    sys.path[0] = os.environ["LAMBDA_TASK_ROOT"]
    sys.path.extend(filter(None, os.environ.pop("LOCALAWS_PATH_AFTER_ALL", "").split(os.pathsep)))
    sys.argv = [client, handler]
    try:
        if client.endswith(".py"):
            runpy.run_path(client, run_name="__main__")
        else:
            runpy.run_module(client, run_name="__main__", alter_sys=True)
    finally:
        # A client whose Runtime API is gone ends by itself, perhaps before the thread above has seen why.
        if select.select([int(descriptor)], [], [], 0.2)[0]:
            kill_group()


if __name__ == "__main__":
    main()
