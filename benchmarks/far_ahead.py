"""Simulated series: first steps of long horizons, weeks of fine data, quiet nights, fallen loads.

python benchmarks/far_ahead.py

- ``near``: hourly series with two rhythms and a wandering level. Mean absolute error of steps 1 to 6 of
  horizons of 12 to 600 steps, in mean differences of neighbours, beside that of the last value.
- ``week``: counts of a working week with dead week-ends, forecast 2.5 days from Saturday and from Thursday
  noon, after 8 weeks (of 1 minute: 4). Error as a share of the total, beside that of the week before.
- ``quiet``: hours with a noise of 1 at night and of 10 by day, two days ahead, of one series and of twelve.
  Width of p10 to p90 over the true one at night and by day, and loss over that of the true quantiles; the
  same of this product's ETS, whose intervals are as wide at night as by day.
- ``fall``: a load of 5 minutes that has fallen to a fifth, so many values before the end. Mean absolute
  error of a day ahead, beside those of the last value and the median of the last twelve.

Coverage is that of p10 to p90, which should be .8.
"""

from statistics import NormalDist

import numpy as np

from stepcast import engine
from stepcast.engine.arrays import Floats
from stepcast.engine.auto import warm_up
from stepcast.engine.frequency import Frequency
from stepcast.engine.losses import pinball_loss
from stepcast.engine.panel import Panel
from stepcast.engine.sampling import Draw
from stepcast.engine.task import AUTO, Task

HORIZONS = (12, 48, 168, 600)
NEAR = 6
QUANTILES = np.array([0.1, 0.5, 0.9])
QUANTILES_OF_NOISE = np.array([NormalDist().inv_cdf(one) for one in QUANTILES.tolist()])
MONDAY = 4  # days after the first of January 1970, from which periods are counted


def main() -> int:
    warm_up()
    near()
    week()
    quiet()
    fall()
    return 0


def near() -> None:
    draw, time = np.random.default_rng(1), np.arange(3000)
    series = []
    for number in range(6):
        level = 0.6 * np.cumsum(draw.standard_normal(len(time)))
        rhythm = 8 * np.sin(2 * np.pi * time / 24 + number) + 4 * ((time // 24) % 7 < 5)
        series.append(60 + level + rhythm + 0.3 * draw.standard_normal(len(time)))
    print("near: error of steps 1 to 6, and of the last value's; coverage")
    for horizon in HORIZONS:
        errors, naive, covered = [], [], []
        for origin in (2200, 2350):
            past = [one[:origin] for one in series]
            truth = np.stack([one[origin : origin + NEAR] for one in series])
            scale = np.array([np.abs(np.diff(one[-1000:])).mean() for one in past])[:, None]
            found = forecasts(past, "H", horizon, 500_000 + origin)[:, :NEAR]
            errors.append(np.abs(found[..., 1] - truth) / scale)
            naive.append(np.abs(np.stack([one[-1:] for one in past]) - truth) / scale)
            covered.append(inside(found, truth))
        beside = f"{np.mean(errors):.2f}, {np.mean(naive):.2f}; {np.mean(covered):.2f}"
        print(f"  {horizon:4} steps asked for: {beside}")


def week() -> None:
    print("week: error of p50 and of the week before; coverage")
    for frequency, day, weeks in (("10min", 144, 8), ("5min", 288, 8), ("1min", 1440, 4)):
        for name, begin in (("Saturday", 5.5), ("Thursday", 3.5)):
            draw = np.random.default_rng(0)
            length = day * 7 * weeks + int(day * begin)
            time = np.arange(length + int(2.5 * day))
            bulge = np.clip(np.sin(np.pi * ((time % day) / day - 0.25) / 0.6), 0, None)
            works = (time // day) % 7 < 5
            noise = np.exp(0.1 * draw.standard_normal((5, len(time))))
            sizes = 20 * (1 + 0.3 * np.arange(5))[:, None]
            series = draw.poisson(works * (15 + sizes * bulge) * noise).astype(float)
            truth = np.stack([one[length:] for one in series])
            before = np.stack([one[length - 7 * day :][: truth.shape[1]] for one in series])
            end = day * (7 * 2800 + MONDAY) + length - 1
            found = forecasts([one[:length] for one in series], frequency, truth.shape[1], end)
            ours, theirs = (np.abs(one - truth).sum() / truth.sum() for one in (found[..., 1], before))
            print(f"  {frequency:6} from {name}: {ours:.3f}, {theirs:.3f}; {inside(found, truth):.2f}")


def quiet() -> None:
    print("quiet: width at night and by day over the true one, loss over the true quantiles'; those of ETS")
    days, night = 60, np.arange(48) % 24 < 12
    spread = np.where(night, 1.0, 10.0)
    true = 50 + spread[:, None] * QUANTILES_OF_NOISE
    for count in (1, 12):
        tables, losses = [], []
        for seed in range(12 // count):
            noise = np.random.default_rng([seed, count]).standard_normal((count, 24 * (days + 2)))
            series = 50 + np.resize(spread, noise.shape[1]) * noise
            past, truth = series[:, : 24 * days], series[:, 24 * days :]
            found = [forecasts(list(past), "H", 48, 480_000, name) for name in (AUTO, "ETS")]
            tables.append(np.stack(found))
            losses.append([pinball_loss(truth[..., None] - one, QUANTILES).mean() for one in (*found, true)])
        width = np.concatenate(tables, axis=1).mean(axis=1)
        width = (width[..., -1] - width[..., 0]) / (true[:, -1] - true[:, 0])
        ours, theirs, best = np.mean(losses, axis=0)
        told = [f"{one[night].mean():.2f}, {one[~night].mean():.2f}" for one in width]
        print(f"  {count:2} series: {told[0]}, {ours / best:.2f}; {told[1]}, {theirs / best:.2f}")


def fall() -> None:
    print("fall: error of p50, of the last value, of the median of twelve; coverage")
    for since in (6, 12, 24, 60, 120, 200, 288, 400, 600):
        draw, time = np.random.default_rng(3), np.arange(4032 + 288)
        series = 60 + 6 * np.sin(2 * np.pi * time / 288) + 1.5 * draw.standard_normal((5, len(time)))
        series[:, 4032 - since :] /= 5
        past, truth = series[:, :4032], series[:, 4032:]
        found = forecasts(list(past), "5min", 288, 2_000_000)
        last, middle = past[:, -1:], np.median(past[:, -12:], axis=1, keepdims=True)
        ours, *others = (np.abs(one - truth).mean() for one in (found[..., 1], last, middle))
        beside = ", ".join(f"{one:.2f}" for one in (ours, *others))
        print(f"  {since:4} values ago: {beside}; {inside(found, truth):.2f}")


def forecasts(series: list[Floats], frequency: str, horizon: int, end: int, algorithm: str = AUTO) -> Floats:
    """P10, p50 and p90 (series, horizon, 3)."""
    panel = Panel(
        ids=tuple(map(str, range(len(series)))),
        values=tuple(series),
        observed=tuple(np.isfinite(one) for one in series),
        end=end,
        frequency=Frequency.parse(frequency),
    )
    task = Task(horizon, algorithm=algorithm)
    shared = engine.fit_shared(Draw.of(panel), task)
    return engine.forecast(panel, task, engine.train(panel, task, shared)).values


def inside(found: Floats, truth: Floats) -> float:
    """The share of ``truth`` from the first to the last of the quantiles."""
    return float(((found[..., 0] <= truth) & (truth <= found[..., -1])).mean())


if __name__ == "__main__":
    raise SystemExit(main())
