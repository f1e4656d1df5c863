"""``python -m stepcast.engine.online`` compiles the kernels of updates: `make setup` does it."""

from pathlib import Path

from stepcast.engine import auto
from stepcast.engine.auto.compilation import forget
from stepcast.engine.online.warm import warm_up

OURS = Path(__file__).parent

# They call one another across modules, and those of training, of which numba keeps no account.
forget(OURS, [*OURS.glob("*.py"), *Path(auto.__file__).parent.glob("**/*.py")])
warm_up()
