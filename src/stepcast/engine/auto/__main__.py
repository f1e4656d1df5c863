"""``python -m stepcast.engine.auto`` compiles the kernels: `make setup` and the Dockerfile do it.

With ``--progress`` it prints how many are begun, and of how many, on a line each: ``12 37``.
"""

import sys

from stepcast.engine.auto.compilation import compilations, kernels
from stepcast.engine.auto.warm import warm_up
from stepcast.engine.kernel_stamp import mark_compiled

begun: set[str] = set()


def show(name: str) -> None:
    begun.add(name)
    if "--progress" in sys.argv:
        sys.stdout.write(f"{len(begun)} {len(kernels())}\n")
        sys.stdout.flush()


with compilations(show):
    warm_up()
mark_compiled()
