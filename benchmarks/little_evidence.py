"""Simulated series that show little: short ones, few of them, and levels that have just moved.

python benchmarks/little_evidence.py [--only walks,months,points,shift]

- ``walks``: 14 weekly series like random walks, each of 60 values or fewer. Mean absolute error of p50 eight
  weeks ahead over that of the last value, and coverage.
- ``months``: 48 months of a trend, a season and hardly any noise, one series at a time, forecast a year
  ahead: pinball loss of p10, p50 and p90 beside that of the ETS of this product, mean of 14 seeds and worst.
- ``points``: one series of two to eight values. Width of p10 to p90 over that of one who knows the noise but
  must estimate level and slope from the values, geometric mean over the draws, and coverage.
- ``shift``: daily panels with a week, in which the level of all series moved so many days before the end.
  Mean absolute error of p50 four weeks ahead, those of the last value and of the mean since, and coverage.
"""

import argparse
from collections.abc import Callable

import numpy as np

from stepcast import engine
from stepcast.engine.arrays import Floats
from stepcast.engine.auto import warm_up
from stepcast.engine.frequency import Frequency
from stepcast.engine.losses import pinball_loss
from stepcast.engine.panel import Panel
from stepcast.engine.sampling import Draw
from stepcast.engine.task import AUTO, Task

QUANTILES = np.array([0.1, 0.5, 0.9])
WALKS, WEEKS_AHEAD = 14, 8
MONTHS, SEEDS = 48, 14
STEPS, DRAWS = 6, 40
WIDTH = 2 * 1.2816  # of p10 to p90 of a normal distribution, in standard deviations


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--only", help="names of parts, with commas between")
    asked = parser.parse_args()
    warm_up()
    for part in (walks, months, points, shift):
        if not asked.only or part.__name__ in asked.only.split(","):
            part()
    return 0


def walks() -> None:
    print("walks: error over that of the last value; coverage")
    for name, steps in (
        ("normal", lambda draw, size: draw.standard_normal(size)),
        ("heavy tails", lambda draw, size: draw.standard_t(3, size)),
        ("and noise", lambda draw, size: draw.standard_normal(size)),
    ):
        for length in (20, 40, 60):
            ours, last, covered = [], [], []
            for seed in range(6):
                draw = np.random.default_rng([seed, length])
                series = 100 + np.cumsum(steps(draw, (WALKS, length + WEEKS_AHEAD)), axis=1)
                if name == "and noise":
                    series += 0.5 * draw.standard_normal(series.shape)
                past, truth = series[:, :length], series[:, length:]
                found = forecasts(list(past), "W", WEEKS_AHEAD)
                ours.append(np.abs(found[..., 1] - truth).mean())
                last.append(np.abs(past[:, -1:] - truth).mean())
                covered.append(inside(found, truth))
            print(
                f"  {name:11} {length:3} values: {np.mean(ours) / np.mean(last):.3f}; {np.mean(covered):.2f}"
            )


def months() -> None:
    print("months: loss, and that of ETS, mean of the seeds; the worst of ours, and of ETS")
    for noise in (0.0, 1.0, 3.0, 10.0):
        ours, ets = np.empty(SEEDS), np.empty(SEEDS)
        for seed in range(SEEDS):
            time = np.arange(MONTHS + 12)
            chance = np.random.default_rng(seed).uniform(0, 1, len(time))
            series = 100 + 20 * np.sin(2 * np.pi * time / 12) + time + noise * chance
            truth = series[MONTHS:]
            for losses, algorithm in ((ours, AUTO), (ets, "ETS")):
                found = forecasts([series[:MONTHS]], "M", 12, algorithm)[0]
                losses[seed] = pinball_loss(truth[:, None] - found, QUANTILES).mean()
        print(f"  noise {noise:4.1f}: {ours.mean():.3f}, {ets.mean():.3f}; {ours.max():.3f}, {ets.max():.3f}")


def walk(draw: np.random.Generator, length: int) -> tuple[Floats, Floats]:
    return 100 + np.cumsum(draw.standard_normal(length + STEPS)), np.sqrt(1.0 + np.arange(STEPS))


def noise(draw: np.random.Generator, length: int) -> tuple[Floats, Floats]:
    return 100 + 5 * draw.standard_normal(length + STEPS), np.full(STEPS, 5 * np.sqrt(1 + 1 / length))


def trend(draw: np.random.Generator, length: int) -> tuple[Floats, Floats]:
    time = np.arange(length + STEPS)
    past, ahead = time[:length], time[length:]
    about = ((past - past.mean()) ** 2).sum()
    spread = 2 * np.sqrt(1 + 1 / length + (ahead - past.mean()) ** 2 / about) if about > 0 else np.inf
    return 100 + 3 * time + 2 * draw.standard_normal(length + STEPS), spread * np.ones(STEPS)


def seasonal(draw: np.random.Generator, length: int) -> tuple[Floats, Floats]:
    """A season of which the values show a part: what is not known of it is as uncertain as it is large."""
    time, phase = np.arange(length + STEPS), draw.uniform(0, 2 * np.pi)
    series = 100 + 10 * np.sin(2 * np.pi * time / 12 + phase) + 2 * draw.standard_normal(length + STEPS)
    return series, np.full(STEPS, np.sqrt(10**2 / 2 + 2**2))


FAMILIES: tuple[Callable[[np.random.Generator, int], tuple[Floats, Floats]], ...] = (
    walk,
    noise,
    trend,
    seasonal,
)


def points() -> None:
    print(f"points: width over the true one, of the first step and of all {STEPS}; coverage")
    for length in (2, 3, 4, 6, 8):
        for family in FAMILIES:
            first, every, covered = [], [], []
            for seed in range(DRAWS):
                series, spread = family(np.random.default_rng([seed, length]), length)
                found = forecasts([series[:length]], "M", STEPS)[0]
                ratio = np.maximum(found[:, 2] - found[:, 0], 1e-9) / (WIDTH * spread)
                first.append(np.log(ratio[0]))
                every.append(np.log(ratio).mean())
                covered.append(inside(found, series[length:]))
            print(
                f"  {length} of a {family.__name__:8}: {np.exp(np.mean(first)):.2f}, "
                f"{np.exp(np.mean(every)):.2f}; {np.mean(covered):.2f}"
            )


def shift() -> None:
    print("shift: error, of the last value, of the mean since; coverage; bias")
    for since in (1, 2, 3, 4, 6, 8, 12, 20):
        found, truth, past = [], [], []
        for seed in range(3):
            draw, time = np.random.default_rng([seed, since]), np.arange(200 + 28)
            series = 60 + 2 * np.sin(2 * np.pi * time / 7) + draw.standard_normal((12, len(time)))
            series[:, 200 - since :] -= 12 + np.arange(12)[:, None] / 3
            found.append(forecasts(list(series[:, :200]), "D", 28))
            truth.append(series[:, 200:])
            past.append(series[:, :200])
        ours, came, before = np.concatenate(found), np.concatenate(truth), np.concatenate(past)
        middle = before[:, -since:].mean(axis=1, keepdims=True)
        errors = (np.abs(one - came).mean() for one in (ours[..., 1], before[:, -1:], middle))
        beside = ", ".join(f"{error:.2f}" for error in errors)
        print(
            f"  {since:2} days ago: {beside}; {inside(ours, came):.2f}; {(ours[..., 1] - came).mean():+.2f}"
        )


def forecasts(series: list[Floats], frequency: str, horizon: int, algorithm: str = AUTO) -> Floats:
    """P10, p50 and p90 (series, horizon, 3)."""
    panel = Panel(
        ids=tuple(map(str, range(len(series)))),
        values=tuple(series),
        observed=tuple(np.isfinite(one) for one in series),
        end=20_000,
        frequency=Frequency.parse(frequency),
    )
    task = Task(horizon, algorithm=algorithm)
    return engine.forecast(
        panel, task, engine.train(panel, task, engine.fit_shared(Draw.of(panel), task))
    ).values


def inside(found: Floats, truth: Floats) -> float:
    """The share of ``truth`` from the first to the last of the quantiles."""
    return float(((found[..., 0] <= truth) & (truth <= found[..., -1])).mean())


if __name__ == "__main__":
    raise SystemExit(main())
