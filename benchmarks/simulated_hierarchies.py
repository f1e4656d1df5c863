"""Simulated hierarchies for hierarchy.py: series of items, and which sums they are parts of.

Days, three categories of twelve items each, that were there first:

- ``arima``: random walks with a week. ``seasons``: weeks and slow waves of their own. ``breaks``: also new
  levels. ``shocks``: the total and the categories move together beside the items. ``counts``: small numbers
  with such shocks.

Others in which items and sums are different again; what the combination expects was found with these:

- ``flat``: twenty items and their total, nothing between. ``deep``: total, two, six and 36, all with shocks
  of their own. ``launches``: items that grow and shrink. ``rare``: counts below one. ``months`` and
  ``weeks``: short histories with a year.

And those that nothing was tuned on:

- ``promotions``: days, items with promotions that are known. ``many``: forty small categories. ``hours``:
  days and weeks of hours, in two categories. ``kinds``: items that each behave unlike the next.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import product

import numpy as np

Floats = np.ndarray
Chance = np.random.Generator

FIRST = ("arima", "seasons", "breaks", "shocks", "counts")
OTHERS = ("flat", "deep", "launches", "rare", "months", "weeks")
UNTUNED = ("promotions", "many", "hours", "kinds")
FAMILIES = (*FIRST, *OTHERS, *UNTUNED)


@dataclass(frozen=True)
class Simulated:
    """``paths`` (items,) of each item without the total; ``values`` and ``feature`` (items, time)."""

    paths: list[tuple[str, ...]]
    values: Floats
    frequency: str
    horizon: int
    feature: Floats | None = None


def simulated(family: str, seed: int) -> Simulated:
    chance = np.random.default_rng((FAMILIES.index(family), seed))
    if family in FIRST:
        return Simulated(paths_of(3, 12), first(family, chance), "D", 14)
    return KINDS[family](chance)


def paths_of(*shape: int) -> list[tuple[str, ...]]:
    """Of items, so many below each sum, level by level."""
    return [tuple(map(str, path[:-1])) for path in product(*map(range, shape))]


def walk(chance: Chance, memory: float, size: float, length: int) -> Floats:
    noise, result = chance.normal(0, size, length), np.zeros(length)
    for step in range(1, length):
        result[step] = memory * result[step - 1] + noise[step]
    return result


def first(family: str, chance: Chance, length: int = 400) -> Floats:
    days = np.arange(length)
    shared = family in ("shocks", "counts")
    total = walk(chance, 0.95, 0.05, length) if shared else np.zeros(length)
    rows = []
    for _ in range(3):
        category = walk(chance, 0.9, 0.08, length) if shared else np.zeros(length)
        usual = chance.normal(0, 0.3, 7)
        for _ in range(12):
            level = np.exp(chance.normal(0.5 if family == "counts" else 3, 0.8))
            week = (usual if shared else chance.normal(0, 0.3, 7))[days % 7]
            if family == "arima":
                walked = np.cumsum(chance.normal(0, 0.15, length)) + chance.normal(0, 1, length)
                rows.append(np.maximum(level * (1 + 0.1 * walked + week), 0))
                continue
            wave = 1 + 0.3 * np.sin(2 * np.pi * (days / 365 + chance.random()))
            values = level * wave * np.exp(week + walk(chance, 0.7, 0.15, length) + total + category)
            for _ in range(2 if family == "breaks" else 0):
                values[chance.integers(50, length) :] *= np.exp(chance.normal(0, 0.4))
            rows.append(chance.poisson(values).astype(float) if family == "counts" else values)
    return np.stack(rows)


def flat(chance: Chance, length: int = 400) -> Simulated:
    days, total, usual = np.arange(length), walk(chance, 0.9, 0.05, length), chance.normal(0, 0.3, 7)
    rows = []
    for _ in range(20):
        week = (usual + chance.normal(0, 0.15, 7))[days % 7]
        moves = walk(chance, 0.8, 0.15, length) + total * chance.uniform(0, 1.5)
        rows.append(np.exp(chance.normal(3, 0.8) + week + moves + np.cumsum(chance.normal(0, 0.01, length))))
    return Simulated(paths_of(20), np.stack(rows), "D", 14)


def deep(chance: Chance, length: int = 400) -> Simulated:
    days, total, rows = np.arange(length), walk(chance, 0.95, 0.03, length), []
    for _ in range(2):
        upper = total + walk(chance, 0.95, 0.05, length)
        for _ in range(3):
            lower, usual = upper + walk(chance, 0.9, 0.06, length), chance.normal(0, 0.3, 7)
            for _ in range(6):
                week = (usual + chance.normal(0, 0.1, 7))[days % 7]
                rows.append(np.exp(chance.normal(3, 0.8) + week + lower + walk(chance, 0.7, 0.15, length)))
    return Simulated(paths_of(2, 3, 6), np.stack(rows), "D", 14)


def launches(chance: Chance, length: int = 400) -> Simulated:
    days, usual, rows = np.arange(length), chance.normal(0, 0.3, 7), []
    for _ in range(30):
        week = (usual + chance.normal(0, 0.1, 7))[days % 7]
        growth = chance.normal(0, 0.002) * days
        rows.append(np.exp(chance.normal(3, 0.8) + week + growth + walk(chance, 0.8, 0.12, length)))
    return Simulated(paths_of(3, 10), np.stack(rows), "D", 14)


def rare(chance: Chance, length: int = 400) -> Simulated:
    days, total, usual = np.arange(length), walk(chance, 0.95, 0.05, length), chance.normal(0, 0.3, 7)
    rows = []
    for _ in range(3):
        category = total + walk(chance, 0.9, 0.08, length)
        for _ in range(12):
            logs = chance.normal(-0.7, 0.8) + usual[days % 7] + category + walk(chance, 0.7, 0.1, length)
            rows.append(chance.poisson(np.exp(logs)).astype(float))
    return Simulated(paths_of(3, 12), np.stack(rows), "D", 14)


def months(chance: Chance, length: int = 144) -> Simulated:
    time, rows = np.arange(length), []
    for _ in range(3):
        usual, category = chance.normal(0, 0.2, 12), np.cumsum(chance.normal(0, 0.015, length))
        for _ in range(8):
            year = (usual + chance.normal(0, 0.15, 12))[time % 12]
            moves = category + np.cumsum(chance.normal(0.003, 0.03, length)) + chance.normal(0, 0.06, length)
            rows.append(np.exp(chance.normal(4, 0.8) + year + moves))
    return Simulated(paths_of(3, 8), np.stack(rows), "M", 6)


def weeks(chance: Chance, length: int = 240) -> Simulated:
    time, rows = np.arange(length), []
    for _ in range(3):
        phase, category = chance.random(), np.cumsum(chance.normal(0, 0.015, length))
        for _ in range(8):
            year = np.sin(2 * np.pi * (time / 52.18 + phase + chance.normal(0, 0.1)))
            moves = category + walk(chance, 0.9, 0.08, length) + chance.normal(0, 0.1, length)
            rows.append(np.exp(chance.normal(4, 0.8) + chance.uniform(0.1, 0.5) * year + moves))
    return Simulated(paths_of(3, 8), np.stack(rows), "W", 8)


def promotions(chance: Chance, length: int = 400) -> Simulated:
    days, total, rows, features = np.arange(length), walk(chance, 0.95, 0.03, length), [], []
    for _ in range(3):
        category, usual = total + walk(chance, 0.9, 0.05, length), chance.normal(0, 0.3, 7)
        together = chance.random(length) < 0.05  # promotions of the whole category
        for _ in range(10):
            promoted = together | (chance.random(length) < 0.08)
            moves = category + 0.4 * promoted + walk(chance, 0.7, 0.12, length)
            rows.append(np.exp(chance.normal(3, 0.8) + usual[days % 7] + moves))
            features.append(promoted.astype(float))
    return Simulated(paths_of(3, 10), np.stack(rows), "D", 14, np.stack(features))


def many(chance: Chance, length: int = 300) -> Simulated:
    days, total, usual = np.arange(length), walk(chance, 0.9, 0.04, length), chance.normal(0, 0.3, 7)
    rows = []
    for _ in range(40):
        category = total + walk(chance, 0.9, 0.06, length)
        for _ in range(4):
            week = (usual + chance.normal(0, 0.2, 7))[days % 7]
            rows.append(np.exp(chance.normal(2, 1) + week + category + chance.normal(0, 0.3, length)))
    return Simulated(paths_of(40, 4), np.stack(rows), "D", 14)


def hours(chance: Chance, length: int = 24 * 40) -> Simulated:
    time, total, rows = np.arange(length), walk(chance, 0.98, 0.03, length), []
    for _ in range(2):
        day, week = 0.5 * np.sin(2 * np.pi * (np.arange(24) / 24 + chance.random())), chance.normal(0, 0.2, 7)
        for _ in range(8):
            own = (day + chance.normal(0, 0.15, 24))[time % 24] + week[time // 24 % 7]
            rows.append(np.exp(chance.normal(3, 0.8) + own + total + walk(chance, 0.9, 0.08, length)))
    return Simulated(paths_of(2, 8), np.stack(rows), "H", 24)


def kinds(chance: Chance, length: int = 400) -> Simulated:
    days, rows = np.arange(length), []
    for number in range(24):
        level, noise = np.exp(chance.normal(3, 0.8)), chance.normal(0, 1, length)
        wave = np.sin(2 * np.pi * (days / 7 + chance.random()))
        each = (
            level * (1 + 0.8 * wave + 0.1 * noise),
            level * np.exp(np.cumsum(0.02 * noise)),
            chance.poisson(0.4 * np.exp(0.5 * np.sin(2 * np.pi * days / 30)), length),
            level * (1 + 0.003 * days + 0.15 * noise),
            level * np.exp(chance.normal(0, 0.8, 7)[days % 7] + walk(chance, 0.5, 0.1, length)),
            level * chance.gamma(2, 0.5, length),
        )
        rows.append(each[number % len(each)])
    return Simulated(paths_of(3, 8), np.maximum(np.stack(rows), 0), "D", 14)


KINDS: dict[str, Callable[[Chance], Simulated]] = {
    one.__name__: one for one in (flat, deep, launches, rare, months, weeks, promotions, many, hours, kinds)
}
