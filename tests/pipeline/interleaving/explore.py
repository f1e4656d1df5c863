"""Every order in which uploads, their events and the states of all executions can happen."""

from collections.abc import Callable, Iterator
from functools import partial

from tests.pipeline.interleaving.world import Moment, World

__all__ = ["every_end", "possible"]

Action = tuple[str, Callable[[], None]]


def possible(world: World) -> list[Action]:
    """What can happen next."""
    actions: list[Action] = []
    if world.uploaded < len(world.inputs):
        actions.append(("upload", world.upload))
    actions += [(f"deliver {event}", partial(world.deliver, event)) for event in world.events]
    for number, arn in enumerate(world.executions):
        if world.executions[arn].status == "RUNNING":
            actions.append((f"{number}: {world.executions[arn].state}", partial(world.step, arn)))
    return actions


def every_end(world: World) -> Iterator[list[str]]:
    """Bring the world to every end that there is; yields a way there, one action a line.

    Where two ways lead to the same moment, what follows is tried once: so all orders are covered, though not
    all are walked.
    """
    start = world.now()
    ways: dict[Moment, list[str]] = {start: []}
    waiting = [start]
    while waiting:
        moment = waiting.pop()
        world.set_back(moment)
        actions = possible(world)
        if not actions:
            yield ways[moment]
        for position, (name, _) in enumerate(actions):
            world.set_back(moment)
            possible(world)[position][1]()
            reached = world.now()
            if reached not in ways:
                ways[reached] = [*ways[moment], name]
                waiting.append(reached)
