"""Becomes a server, with its memory bounded and its life tied to that of the process that wanted it.

``python launch.py PARENT MEBIBYTES COMMAND...``: the process id stays the same.
"""

import ctypes
import os
import resource
import signal
import sys

PR_SET_PDEATHSIG = 1  # prctl(2), Linux only: elsewhere a server outlives a killed test


def main() -> None:
    parent, mebibytes, *command = sys.argv[1:]
    bytes_ = int(mebibytes) << 20
    resource.setrlimit(
        resource.RLIMIT_DATA, (bytes_, bytes_)
    )  # address space is no measure: Go and Java reserve much
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != int(parent):  # it was gone before
            sys.exit(1)
    os.execv(command[0], command)  # noqa: S606 - no shell is wanted


if __name__ == "__main__":
    main()
