"""``python -m stepcast.engine.auto`` compiles the kernels: `make setup` and the Dockerfile do it."""

from stepcast.engine.auto.warm import warm_up

warm_up()
