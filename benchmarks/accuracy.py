"""How good are the AutoPredictor's forecasts, and what do they cost? Every task of a suite, scored.

python benchmarks/accuracy.py [--data FOLDER] [--only a,b] [--sample N] [--windows N]
                              [--algorithms CNN-QR,ETS] [--peers] [--peer-sample N] [--peer-seconds S]
                              [--out FOLDER]

The suite is a folder with suite.csv and data/*.parquet (accuracy_suite.py says how), and published.csv with
the figures of others where there are any. wQL9 and wQL3 are means over the quantiles .1 to .9 and .1 .5 .9;
cov80 is the share of outcomes between .1 and .9; ratios are to seasonal naive with normal intervals, as the
published ones are. Algorithms by name are trained once, on what lies before the earliest window of a task,
and go on from there: they see less than the AutoPredictor, which learns again before each window. CPU is of
this process, milliseconds a series and window, all steps counted. Peers are statsforecast's models with the
natural season of the frequency, on all series or a sample of them; where it is a sample, the AutoPredictor's
score on the same stands above them.
"""

import os

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[variable] = "1"  # before NumPy is imported: what is measured is one core

import argparse
import time
import traceback
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pandas as pd
from accuracy_peers import PEERS, run_peer, warm_up_peers
from accuracy_suite import (
    QUANTILES,
    Score,
    SuiteTask,
    Window,
    load,
    naive_forecasts,
    read_suite,
    score,
    task_of,
)

from stepcast import engine
from stepcast.engine.auto import fit_shared, forecast, train, warm_up
from stepcast.engine.panel import Panel
from stepcast.engine.sampling import Draw
from stepcast.engine.task import Task

ROOT = Path(__file__).parents[1]
PUBLISHED = ("auto_arima", "auto_ets", "auto_theta", "chronos_bolt_base", "tirex", "chronos-2")
OURS, OURS_SAMPLED = "AutoPredictor", "AutoPredictor on the sample of the peers"


@dataclass
class Totals:
    """What the last lines are made of."""

    ratios: dict[str, list[tuple[float, float]]] = field(default_factory=dict)  # by engine: of wQL9 and MASE
    inside: int = 0
    known: int = 0
    faster: list[float] = field(default_factory=list)  # times less CPU than AutoETS
    won: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    uncovered: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data" / "accuracy")
    parser.add_argument("--only", help="names of tasks, with commas between")
    parser.add_argument("--sample", type=int, default=0, help="at most about so many items of a task")
    parser.add_argument("--windows", type=int, default=0, help="only the latest so many windows of a task")
    parser.add_argument("--algorithms", help="of Stepcast's, by name, with commas between")
    parser.add_argument("--only-algorithms", action="store_true", help="without the AutoPredictor")
    parser.add_argument("--peers", action="store_true", help="statsforecast's models in the same run")
    parser.add_argument("--peer-sample", type=int, default=0, help="about so many items of a task for peers")
    parser.add_argument("--peer-seconds", type=float, default=30, help="CPU a series that a peer may take")
    parser.add_argument("--out", type=Path, help="write the forecasts there, a Parquet file a task")
    asked = parser.parse_args()
    if not (asked.data / "suite.csv").exists():
        print(f"skipped: there is no accuracy suite in {asked.data}")
        return 0
    rows, published = read_suite(asked.data)
    if not asked.only_algorithms:
        warm_up()
    if asked.peers:
        warm_up_peers()
    print(f"{'':28}   wQL9    wQL3    MASE   cov80    ratios       CPU ms   (published wQL9)")
    totals = Totals()
    for row in rows:
        if asked.only and row["name"] not in asked.only.split(","):
            continue
        try:
            task = task_of(row)
            one_task(task, published[published["name"] == task.name], asked, totals)
        except Exception as error:  # one bad task must not hide the others
            totals.failed.append(str(row["name"]))
            where = traceback.extract_tb(error.__traceback__)[-1]
            print(f"{row['name']}: FAILED, {type(error).__name__}: {error} ({where.filename}:{where.lineno})")
    summary(totals)
    return 1 if totals.failed else 0


def one_task(task: SuiteTask, published: pd.DataFrame, asked: argparse.Namespace, totals: Totals) -> None:
    """Forecast and score a task, print its lines and add them to the totals."""
    windows = load(asked.data, task, asked.sample, asked.windows)
    baseline = naive_forecasts(windows, task.horizon, task.season)
    naive_score = score(windows, baseline, task.season)
    others = published.set_index("system")["wQL9"]
    beside = "  ".join(f"{name} {others[name]:.4f}" for name in PUBLISHED if name in others)
    said = f"({beside})" if beside else ""
    for name in asked.algorithms.split(",") if asked.algorithms else []:
        values, seconds = by_name(name, windows, task)
        its = score(windows, values, task.season)
        line(f"{task.name} {name}", its, naive_score, 1e3 * seconds / len(windows), said)
        if task.comparable:
            totals.ratios.setdefault(name, []).append(ratios(its, naive_score))
    if asked.only_algorithms:
        return
    values, seconds = ours(windows, task)
    found = score(windows, values, task.season)
    milliseconds = 1e3 * seconds / len(windows)
    line(task.name, found, naive_score, milliseconds, said)
    totals.inside += found.inside
    totals.known += found.known
    if not 0.74 <= found.cov80 <= 0.86:
        totals.uncovered.append(f"{task.name} {found.cov80:.3f}")
    if task.comparable:
        totals.ratios.setdefault(OURS, []).append(ratios(found, naive_score))
    if asked.out:
        write(asked.out, task.name, windows, values)
    if asked.peers:
        compare(task, windows, values, milliseconds, asked, totals)


def compare(
    task: SuiteTask,
    windows: list[Window],
    values: np.ndarray,
    milliseconds: float,
    asked: argparse.Namespace,
    totals: Totals,
) -> None:
    """The peers on the same windows, or on those of a sample of items."""
    places = sampled(windows, asked.peer_sample)
    chosen = [windows[place] for place in places]
    naive_score = score(chosen, naive_forecasts(chosen, task.horizon, task.season), task.season)
    found = score(chosen, values[places], task.season)
    if len(chosen) < len(windows):
        line(f"  ours, {len(chosen)} of {len(windows)} windows", found, naive_score, milliseconds, "")
    if asked.peer_sample and task.comparable:
        totals.ratios.setdefault(OURS_SAMPLED, []).append(ratios(found, naive_score))
    best = np.inf
    for name in PEERS:
        run = run_peer(name, chosen, task, asked.peer_seconds)
        its = score(chosen, run.values, task.season)
        cost = 1e3 * run.seconds / len(chosen)
        said = f"{cost / milliseconds:7.1f} x our CPU"
        if run.fallen:
            said += f"; naive instead in {run.fallen} of {len(chosen)} ({run.reason})"
        line(f"  {name}", its, naive_score, cost, said)
        best = min(best, its.wql9)
        if name == "AutoETS":
            totals.faster.append(cost / milliseconds)
        if task.comparable:
            totals.ratios.setdefault(name, []).append(ratios(its, naive_score))
    if task.comparable:
        (totals.won if found.wql9 < best else totals.lost).append(task.name)


def sampled(windows: list[Window], count: int) -> list[int]:
    """Places of the windows of about ``count`` items, evenly taken; of all where it is 0."""
    items = list(dict.fromkeys(window.item for window in windows))
    kept = set(items[:: max(1, len(items) // count)] if count else items)
    return [place for place, window in enumerate(windows) if window.item in kept]


def ours(windows: list[Window], task: SuiteTask) -> tuple[np.ndarray, float]:
    """Forecasts (windows, horizon, quantiles) through the engine's public interface, and CPU seconds.

    The series of one panel end together; items of a suite need not. All learn from one panel, as if they
    ended together, and are then forecast in panels of those that really do.
    """
    wanted = Task(task.horizon, QUANTILES)
    values = np.empty((len(windows), wanted.horizon, len(QUANTILES)))
    began = time.process_time()
    for number in sorted({window.number for window in windows}):
        places = [place for place, window in enumerate(windows) if window.number == number]
        starts = np.array([windows[place].start for place in places])
        shared = fit_shared(panel_of([windows[place] for place in places], task, int(starts.max())), wanted)
        for start in np.unique(starts):
            together = [place for place, own in zip(places, starts, strict=True) if own == start]
            panel = panel_of([windows[place] for place in together], task, int(start))
            values[together] = forecast(panel, wanted, train(panel, wanted, shared)).values
    return values, time.process_time() - began


def by_name(algorithm: str, windows: list[Window], task: SuiteTask) -> tuple[np.ndarray, float]:
    """Forecasts of an algorithm (windows, horizon, quantiles) from its backtest, and CPU seconds."""
    count = max(window.number for window in windows)
    wanted = Task(task.horizon, QUANTILES, algorithm=algorithm, windows=count)
    places = {(window.item, window.number): place for place, window in enumerate(windows)}
    latest = [
        replace(window, past=np.concatenate([window.past, window.future]), start=window.start + task.horizon)
        for window in windows
        if window.number == 1
    ]
    values = np.full((len(windows), task.horizon, len(QUANTILES)), np.nan)
    began = time.process_time()
    whole = panel_of(latest, task, max(window.start for window in latest))
    tested = engine.train(whole, wanted, engine.fit_shared(Draw.of(whole), wanted)).backtest
    for series, window in enumerate(latest):
        for number in range(count):
            if (place := places.get((window.item, number + 1))) is not None:
                values[place] = tested.predicted[series, number, 0]
    return values, time.process_time() - began


def panel_of(windows: list[Window], task: SuiteTask, start: int) -> Panel:
    """The pasts of windows that begin with period ``start``."""
    return Panel(
        ids=tuple(window.item for window in windows),
        values=tuple(window.past for window in windows),
        observed=tuple(np.isfinite(window.past) for window in windows),
        end=start - 1,
        frequency=task.frequency,
    )


def ratios(found: Score, naive_score: Score) -> tuple[float, float]:
    """wQL9 and MASE over seasonal naive's; nan where that has none."""
    pairs = ((found.wql9, naive_score.wql9), (found.mase, naive_score.mase))
    wql, mase = (own / base if base > 0 else float("nan") for own, base in pairs)
    return wql, mase


def line(label: str, found: Score, naive_score: Score, milliseconds: float, said: str) -> None:
    wql, mase = ratios(found, naive_score)
    print(
        f"{label:28} {found.wql9:7.4f} {found.wql3:7.4f} {found.mase:7.3f} {found.cov80:6.3f} ",
        f" {wql:.3f} {mase:.3f} {milliseconds:10.2f}   {said}",
        flush=True,
    )


def summary(totals: Totals) -> None:
    """The last lines: means over the comparable tasks, coverage over all points, who won."""
    print()
    for name, pairs in totals.ratios.items():
        means = [geometric_mean([pair[place] for pair in pairs]) for place in (0, 1)]
        print(
            f"geometric mean of ratios to seasonal naive, {len(pairs)} comparable tasks, {name}: "
            f"wQL9 {means[0]:.3f}, MASE {means[1]:.3f}; lower wQL9 on {sum(wql < 1 for wql, _ in pairs)}"
        )
    if totals.known:
        print(f"coverage of .1 to .9 over all {totals.known} points: {totals.inside / totals.known:.3f}")
    print(f"tasks covered less than .74 or more than .86: {', '.join(totals.uncovered) or 'none'}")
    if totals.faster:
        print(f"AutoETS takes {geometric_mean(totals.faster):.1f} times the CPU (geometric mean of tasks)")
    if totals.won or totals.lost:
        count = len(totals.won) + len(totals.lost)
        behind = f"; not on {', '.join(totals.lost)}" if totals.lost else ""
        print(f"better wQL9 than the best peer on {len(totals.won)} of {count} comparable tasks{behind}")
    if totals.failed:
        print(f"FAILED: {', '.join(totals.failed)}")


def geometric_mean(numbers: list[float]) -> float:
    """Of those that are above zero and finite; nan without any."""
    kept = np.array([number for number in numbers if 0 < number < np.inf])
    return float(np.exp(np.log(kept).mean())) if len(kept) else float("nan")


def write(folder: Path, name: str, windows: list[Window], values: np.ndarray) -> None:
    """Forecasts as a table: item_id, timestamp, one column a quantile."""
    folder.mkdir(parents=True, exist_ok=True)
    table = pd.DataFrame(values.reshape(-1, len(QUANTILES)), columns=[f"{q:.1f}" for q in QUANTILES])
    table["item_id"] = np.repeat([window.item for window in windows], values.shape[1])
    table["timestamp"] = np.concatenate([window.moments for window in windows]).astype("datetime64[ns]")
    table.to_parquet(folder / f"{name}.parquet", index=False)


if __name__ == "__main__":
    raise SystemExit(main())
