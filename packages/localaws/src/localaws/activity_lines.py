"""Activities as lines for a terminal, with a handler's traceback below its line."""

from localaws.activity import Activity

__all__ = ["is_failure", "lines"]

_WIDTH = 20  # characters of what happened
_LONGEST_NAME = 20  # of an execution; fingerprints are cut
_ENDINGS = {"SUCCEEDED": "succeeded", "FAILED": "FAILED", "TIMED_OUT": "TIMED OUT", "ABORTED": "aborted"}
_INDENT = " " * 10


def is_failure(activity: Activity) -> bool:
    """Whether something failed."""
    return bool(activity.outcome) and activity.outcome not in ("RUNNING", "SUCCEEDED", "ABORTED")


def lines(activity: Activity) -> list[str]:
    """The lines to print, none for what goes well within a Map or Parallel state.

    >>> from datetime import datetime
    >>> noon = datetime(2026, 1, 2, 12).astimezone()
    >>> lines(Activity(kind="request", what="PutObject", where="s3://b/x.csv", size=2048, when=noon))
    ['12:00:00  PutObject            s3://b/x.csv  2.0 KB']
    >>> lines(Activity(kind="state", what="left", where="m/e", state="Import", seconds=1.25, when=noon))
    ['12:00:00  state left           Import  after 1.2 s  m/e']
    """
    if activity.nested and not is_failure(activity):
        return []
    what, rest = _in_words(activity)
    first = f"{activity.when.astimezone():%H:%M:%S}  {what:<{_WIDTH}} {'  '.join(filter(None, rest))}"
    more = activity.detail.splitlines() if activity.kind == "function" else []
    return [_printable(line.rstrip()) for line in (first, *(_INDENT + line for line in more))]


def _in_words(activity: Activity) -> tuple[str, tuple[str, ...]]:
    match activity.kind:
        case "request":
            size = "" if activity.size is None else _bytes(activity.size)
            refused = f"refused: {activity.outcome}" if activity.outcome else ""
            return activity.what, (activity.where, size, refused)
        case "delivery":
            return activity.what, (activity.where, f"-> {activity.function}")
        case "function":
            return "handler FAILED", (activity.function, activity.outcome)
        case "execution" if activity.what == "started":
            return "execution started", (_run(activity.where),)
        case "execution":
            ending = f"execution {_ENDINGS.get(activity.outcome, activity.outcome)}"
            return ending, (_run(activity.where), _after(activity), " ".join(activity.detail.split()))
        case _:
            error = f"FAILED: {activity.outcome}" if activity.outcome else ""
            after = _after(activity) if activity.what == "left" else ""
            return f"state {activity.what}", (activity.state, after, error, _run(activity.where))


def _after(activity: Activity) -> str:
    return "" if activity.seconds is None else f"after {activity.seconds:.1f} s"


def _run(where: str) -> str:
    """MACHINE/EXECUTION; a long name is cut."""
    machine, _, name = where.partition("/")
    return f"{machine}/{name if len(name) <= _LONGEST_NAME else name[:12] + '...'}"


def _bytes(count: int) -> str:
    """A size in a readable unit.

    >>> _bytes(0), _bytes(1023), _bytes(1_572_864)
    ('0 B', '1023 B', '1.5 MB')
    """
    if count < 1024:
        return f"{count} B"
    size = count / 1024
    for unit in ("KB", "MB"):
        if size < 1024:
            return f"{size:.1f} {unit}"
        size /= 1024
    return f"{size:.1f} GB"


def _printable(text: str) -> str:
    """Without control characters: names come from outside."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
