"""Forecasts of all levels agree, in the mean and in every sample, and are better for it."""

from collections.abc import Iterator

import numpy as np
import pytest

from stepcast.engine.arrays import Floats
from stepcast.engine.auto.series.quantile_grid import PROBABILITIES, with_mean
from stepcast.engine.hierarchy.combination import COUNTED, expected_square
from stepcast.engine.hierarchy.means import Levels, reconciled
from stepcast.engine.hierarchy.methods import Method
from stepcast.engine.hierarchy.reconcile import Base, Reconciliation
from stepcast.engine.hierarchy.tree import Tree
from stepcast.engine.losses import pinball_loss

SCORES = np.array([-2.33, -1.96, -1.645, -1.28, -0.84, -0.52, -0.25])
NORMAL = np.concatenate([SCORES, [0], -SCORES[::-1]])
PATHS = [("a", "x"), ("a", "y"), ("a", "y"), ("b", "z"), ("b", "z"), ("b", "z")]
METHODS: tuple[Method, ...] = ("MinT", "BottomUp", "TopDown")


def normal(mean: Floats, spread: Floats) -> Floats:
    """Tables (..., PROBABILITIES + 1) of normal distributions."""
    return with_mean(np.asarray(mean)[..., None] + np.asarray(spread)[..., None] * NORMAL)


def parts_of(tables: Floats, low: float = -np.inf) -> list[Base]:
    """The series as two parts."""
    parts = [tables[:, :2], tables[:, 2:]]
    return [Base(one, np.full(one.shape[1], low), np.full(one.shape[1], np.inf)) for one in parts]


@pytest.fixture(scope="module")
def made() -> tuple[Tree, Floats, Floats, Floats]:
    """A tree, tables of its nodes and series with four steps, and the outcomes of the nodes."""
    tree, _ = Tree.of(PATHS)
    chance = np.random.default_rng(0)
    series = normal(chance.gamma(4, 5, (3, 6, 4)), chance.gamma(4, 1, (3, 6, 4)))
    nodes = normal(chance.gamma(16, 5, (3, len(tree), 4)), chance.gamma(8, 1, (3, len(tree), 4)))
    return tree, nodes, series, chance.gamma(16, 5, (2, len(tree), 4))


@pytest.mark.parametrize("method", METHODS)
def test_means_and_samples_of_every_level_add_up(
    method: Method, made: tuple[Tree, Floats, Floats, Floats]
) -> None:
    tree, nodes, series, actual = made
    work = Reconciliation(tree, nodes, lambda: parts_of(series, low=0.0), actual, method)

    below = np.concatenate(list(work.series()), axis=1)
    above, samples = work.sums(), work.samples()

    for number in range(tree.depth):
        own, groups = tree.level(number), tree.children(number)
        members = below if number == tree.depth - 1 else above[:, tree.level(number + 1)]
        sums = np.stack([groups.sums(one) for one in members[..., -1]])
        np.testing.assert_allclose(above[:, own, :, -1], sums, rtol=1e-12)
        if number < tree.depth - 1:
            np.testing.assert_allclose(samples[own], groups.sums(samples[tree.level(number + 1)]), rtol=1e-12)
    for tables in (below, above):
        assert (np.diff(tables[..., :-1]) >= 0).all()
    assert below.min() >= 0
    np.testing.assert_allclose(above[..., -1], samples.mean(axis=-1).transpose(1, 0, 2), rtol=1e-6)


def dense(tree: Tree, base: Floats, covariance: Floats) -> Floats:
    """Minimum trace by its formula: nodes and series (nodes + series,) of one step."""
    nodes, count = len(tree), len(tree.series)
    sums = np.zeros((nodes + count, count))
    sums[:nodes] = tree.from_deepest(tree.children(tree.depth - 1).sums(np.eye(count)))
    sums[nodes:] = np.eye(count)
    weights = np.linalg.inv(covariance)
    return sums @ np.linalg.solve(sums.T @ weights @ sums, sums.T @ weights @ base)


def test_with_a_level_the_means_are_those_of_minimum_trace() -> None:
    """Before any error is known: those of both forecasts of the sum are as large and as alike as expected."""
    tree, _ = Tree.of([(), (), ()])
    spread, own = np.array([1.0, 2.0, 3.0]), 4.0
    base, moving = np.array([21.0, 4.0, 6.0, 8.0]), (own**2 - 14) / (36 - 14)

    means = Levels(np.full((1, 1, 1), base[0]), base[1:].reshape(1, 3, 1))
    spreads = Levels(np.full((1, 1, 1), own), spread.reshape(1, 3, 1))
    free = np.full(3, -np.inf), np.full(3, np.inf)
    way = reconciled(tree, "MinT", means, spreads, np.empty((0, 1, 1)), free)

    among = np.outer(spread, spread) * moving
    np.fill_diagonal(among, spread**2)
    covariance = np.zeros((4, 4))
    worse = float(expected_square(np.array(own**2 / (spread**2).sum())))
    covariance[0, 0], covariance[1:, 1:] = own**2, worse * among
    covariance[0, 1:] = covariance[1:, 0] = COUNTED * np.sqrt(worse) * among.sum(axis=1)
    np.testing.assert_allclose(way.means[0, :, 0], dense(tree, base, covariance)[1:])


def test_a_deep_tree_is_combined_as_minimum_trace_combines_independent_errors(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With errors as large and not alike, each node is worth as much as its parts together."""
    monkeypatch.setattr("stepcast.engine.hierarchy.combination.WORSE", 1.0)
    monkeypatch.setattr("stepcast.engine.hierarchy.combination.POWER", 0.0)
    monkeypatch.setattr("stepcast.engine.hierarchy.combination.COUNTED", 0.0)
    tree, _ = Tree.of(PATHS)
    base = np.random.default_rng(2).normal(10, 3, len(tree) + 6)
    variances = tree.from_deepest(tree.children(2).sums(np.ones(6)))  # of sums of independent errors
    means = Levels(base[None, : len(tree), None], base[None, len(tree) :, None])
    spreads = Levels(np.sqrt(variances)[None, :, None], np.ones((1, 6, 1)))
    free = np.full(6, -np.inf), np.full(6, np.inf)

    way = reconciled(tree, "MinT", means, spreads, np.empty((0, len(tree), 1)), free)

    assert way.together.max() == pytest.approx(0, abs=1e-12)
    combined = np.ones(6)
    for number in (2, 1, 0):
        place = tree.level(number)
        variances[place] = tree.children(number).sums(combined)
        combined = variances[place] / 2
    expected = dense(tree, base, np.diag(np.concatenate([variances, np.ones(6)])))
    assert way.means[0, :, 0].sum() == pytest.approx(expected[0])


def test_where_parts_move_together_a_sums_own_forecast_counts_more() -> None:
    """Before any error is known: as wide as independent parts would be, and wider."""
    tree, _ = Tree.of([()] * 9)
    means = Levels(np.full((1, 1, 1), 90.0), np.full((1, 9, 1), 8.0))
    free = np.full(9, -np.inf), np.full(9, np.inf)

    def weight(own: float) -> float:
        spreads = Levels(np.full((1, 1, 1), own), np.ones((1, 9, 1)))
        way = reconciled(tree, "MinT", means, spreads, np.empty((0, 1, 1)), free)
        assert 72 < way.means.sum() < 90
        return float(way.combined[0][0].weight[0])

    assert 0.4 < weight(3.0) < 0.6
    assert 0.75 < weight(5.0) < 1


def test_bottom_up_and_top_down_are_what_their_names_say(made: tuple[Tree, Floats, Floats, Floats]) -> None:
    tree, nodes, series, actual = made

    def means(method: Method) -> Floats:
        work = Reconciliation(tree, nodes, lambda: parts_of(series), actual, method)
        return np.concatenate(list(work.series()), axis=1)[..., -1]

    np.testing.assert_allclose(means("BottomUp"), series[..., -1])
    down = means("TopDown")
    np.testing.assert_allclose(down.sum(axis=1), nodes[:, 0, :, -1])
    under_a = down[:, :3].sum(axis=1) / nodes[:, 0, :, -1]
    np.testing.assert_allclose(under_a, nodes[:, 1, :, -1] / nodes[:, 1:3, :, -1].sum(axis=1))


def test_parts_do_not_change_the_result(made: tuple[Tree, Floats, Floats, Floats]) -> None:
    tree, nodes, series, actual = made

    def read() -> Iterator[Base]:
        for place in range(6):
            yield Base(series[:, place : place + 1], np.full(1, -np.inf), np.full(1, np.inf))

    whole = Reconciliation(tree, nodes, lambda: parts_of(series), actual)
    one_by_one = Reconciliation(tree, nodes, read, actual)

    together = np.concatenate(list(whole.series()), axis=1)
    np.testing.assert_allclose(np.concatenate(list(one_by_one.series()), axis=1), together, rtol=1e-12)
    np.testing.assert_allclose(one_by_one.sums(), whole.sums(), rtol=1e-12)


def test_a_series_at_its_bound_stays_there_and_others_take_its_share() -> None:
    tree, _ = Tree.of([(), ()])
    series = normal(np.array([0.0, 30.0]).reshape(1, 2, 1), np.array([0.0, 6.0]).reshape(1, 2, 1))
    nodes = normal(np.full((1, 1, 1), 20.0), np.full((1, 1, 1), 6.0))
    work = Reconciliation(tree, nodes, lambda: parts_of_two(series), np.empty((0, 1, 1)))

    (below,) = work.series()

    assert (below[0, 0] == 0).all()
    assert 20 < below[0, 1, 0, -1] < 25
    assert work.sums()[0, 0, 0, -1] == below[0, 1, 0, -1]


def parts_of_two(tables: Floats) -> list[Base]:
    return [Base(tables, np.zeros(2), np.full(2, np.inf))]


def test_a_series_without_a_forecast_counts_as_nothing(made: tuple[Tree, Floats, Floats, Floats]) -> None:
    tree, nodes, series, actual = made
    unknown = series.copy()
    unknown[1, 2] = np.nan
    work = Reconciliation(tree, nodes, lambda: parts_of(unknown, low=1.0), actual)

    below = np.concatenate(list(work.series()), axis=1)

    assert np.isnan(below[1, 2]).all()
    np.testing.assert_allclose(work.sums()[1, 0, :, -1], np.nansum(below[1, :, :, -1], axis=0))


def test_no_window_is_combined_by_what_it_or_a_later_one_shows(
    made: tuple[Tree, Floats, Floats, Floats],
) -> None:
    tree, nodes, series, actual = made
    other = actual.copy()
    other[0] *= 3  # the latest window's outcome

    def tables(outcome: Floats) -> Floats:
        return np.concatenate(
            list(Reconciliation(tree, nodes, lambda: parts_of(series), outcome).series()), axis=1
        )

    first, second = tables(actual), tables(other)

    np.testing.assert_array_equal(first[1:], second[1:])
    assert (first[0] != second[0]).any()


def test_the_top_is_better_than_either_forecast_alone() -> None:
    """Both the total's own forecast and the sum of the parts' err, by different amounts each time."""
    tree, _ = Tree.of([("a",)] * 4 + [("b",)] * 4)
    chance = np.random.default_rng(3)
    losses: dict[str, list[float]] = {"own": [], "BottomUp": [], "MinT": []}
    for _ in range(30):
        common = chance.normal(0, 2, (4, 1, 8))
        truth = 50 + chance.normal(0, 3, (4, 8, 8)) + common
        sums = np.stack([tree.from_deepest(tree.children(1).sums(one)) for one in truth])
        series = normal(truth + common + chance.normal(0, 3, truth.shape), np.full(truth.shape, 4.0))
        wide = np.array([16.0, 10.0, 10.0])[None, :, None] * np.ones_like(sums)
        nodes = normal(sums + chance.normal(0, 1, sums.shape) * wide, wide)
        for name in losses:
            table = nodes[0, 0]
            if name != "own":
                method: Method = "MinT" if name == "MinT" else "BottomUp"
                work = Reconciliation(tree, nodes, lambda given=series: parts_of(given), sums[1:], method)
                list(work.series())
                table = work.sums()[0, 0]
            losses[name].append(
                float(pinball_loss(sums[0, 0][:, None] - table[:, :-1], PROBABILITIES).mean())
            )

    mean = {name: float(np.mean(values)) for name, values in losses.items()}
    assert mean["MinT"] < mean["own"]
    assert mean["MinT"] < mean["BottomUp"]
