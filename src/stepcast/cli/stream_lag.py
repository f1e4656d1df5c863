"""``stepcast stream --lag``: the lag of a group."""

from typing import TYPE_CHECKING

from stepcast.cli.output import print_json, print_line, stdout, table

if TYPE_CHECKING:
    from stepcast.connect.kafka.client import Cluster

__all__ = ["print_lag"]

COLUMNS = ("partition", "committed", "end", "lag")


def print_lag(cluster: "Cluster", group: str, topic: str | None, *, as_json: bool) -> None:
    from stepcast.connect.kafka.worker.lag import lag_of

    found = lag_of(cluster, group, topic)
    if as_json:
        print_json([{name: getattr(one, name) for name in ("topic", *COLUMNS)} for one in found])
        return
    for name in dict.fromkeys(one.topic for one in found):
        rows = [one for one in found if one.topic == name]
        shown = table(f"{name}, group {group}", *COLUMNS, numbers=COLUMNS)
        for one in rows:
            committed = "-" if one.committed is None else str(one.committed)
            shown.add_row(str(one.partition), committed, str(one.end), str(one.lag))
        stdout().print(shown)
        print_line(f"lag {sum(one.lag for one in rows)}")
