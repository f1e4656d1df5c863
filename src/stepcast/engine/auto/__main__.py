"""``python -m stepcast.engine.auto`` compiles the kernels: `make setup` and the Dockerfile do it.

With ``--progress`` it prints how many are begun, and of how many, on a line each: ``12 37``.
"""

import sys
from pathlib import Path

from stepcast.engine.auto import compiled as flags
from stepcast.engine.auto.compilation import compilations, forget, kernels
from stepcast.engine.auto.series import shrinkage
from stepcast.engine.auto.warm import warm_up
from stepcast.engine.kernel_stamp import mark_compiled

begun: set[str] = set()


def show(name: str) -> None:
    begun.add(name)
    if "--progress" in sys.argv:
        sys.stdout.write(f"{len(begun)} {len(kernels())}\n")
        sys.stdout.flush()


# Other modules call what these two have, of which numba keeps no account.
forget(Path(__file__).parent, [Path(str(module.__file__)) for module in (flags, shrinkage)])
with compilations(show):
    warm_up()
mark_compiled()
