"""How good the forecasts of all levels of a hierarchy are, for the summary of ``stepcast run``."""

from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq

__all__ = ["level_lines"]

COLUMNS = ["level", "scope", "average_wql", "wql_unreconciled"]


def level_lines(out: Path) -> Iterator[str]:
    """From the folder of results, which has ``accuracy/levels`` if the run had a hierarchy."""
    (file,) = (out / "accuracy" / "levels").glob("*.parquet")
    told = [
        f"{row['level']} {row['average_wql']:.4f} ({row['wql_unreconciled']:.4f})"
        for row in pq.read_table(file, columns=COLUMNS).to_pylist()
        if row["scope"] == "level" and row["average_wql"] is not None
    ]
    if told:
        yield f"Levels: wQL in the backtest, and as forecast one by one: {', '.join(told)}"
    yield f"Files:  {out}/levels/  {out}/accuracy/levels/"
