"""The executions of a running LocalAws: what every patch about them shares, wired once."""

from contextlib import ExitStack

from localaws.durability.journal import Journal
from localaws.iam.guard import Guard
from localaws.states import activities, api, json_paths, map_runs, programs, retries, task_tokens, waits
from localaws.states.activities import ActivityQueues
from localaws.states.executions import Executions
from localaws.states.map_runs import MapRuns
from localaws.states.task_tokens import TaskTokens

__all__ = ["patch"]


def patch(undo: ExitStack, journal: Journal, guard: Guard) -> Executions:
    """Keep executions in ``journal``; of the result call ``load``, and ``resume`` when tasks can run."""
    tokens = TaskTokens()
    queues = ActivityQueues(tokens)
    executions = Executions(journal, tokens)
    found = MapRuns(executions)
    api.patch(undo, executions, found, tokens, queues)
    map_runs.patch(undo, executions, found, guard)
    task_tokens.patch(undo, tokens)
    activities.patch(undo, tokens, queues)
    for part in (json_paths, programs, retries, waits):
        part.patch(undo)
    return executions
