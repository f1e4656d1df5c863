"""Run a command that ends when the process that started this one does, however that ended.

Arguments: the number of the descriptor to watch, and the command. Only the standard library is imported.
"""

import os
import signal
import subprocess
import sys
import threading


def main() -> int:
    """The exit code of the command; 128 and the number of the signal that ended it, as a shell gives it."""
    descriptor, *command = sys.argv[1:]
    child = subprocess.Popen(command, close_fds=True)  # noqa: S603 - the user's own job

    def watch() -> None:
        os.read(int(descriptor), 1)
        os.killpg(os.getpgid(0), signal.SIGKILL)

    threading.Thread(target=watch, daemon=True).start()
    code = child.wait()
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    sys.exit(main())
