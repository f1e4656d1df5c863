"""Series that the same members are good at teach one another more."""

import numpy as np
import pytest

from stepcast.engine.auto.ensemble.kinds import Kinds

NAMES = ("a", "b", "c")
FIRST = np.array([[-1.0] * 3, [1.0] * 3, [0.0] * 3])  # losses of those that "a" is good at, of three buckets
DRAW = np.random.default_rng(2)


def panel(each: int = 60) -> Kinds:
    """Of two kinds of so many series, whose members' products are 1 and 9."""
    losses = np.concatenate([np.tile(FIRST, (each, 1, 1)), np.tile(-FIRST, (each, 1, 1))])
    products = np.repeat([1.0, 9.0], each)[:, None, None, None] * np.ones((3, 3, 3))
    return Kinds.of(NAMES, losses + DRAW.normal(0, 0.01, losses.shape), products)


@pytest.mark.parametrize(("sign", "product"), [(1, 1.0), (-1, 9.0)])
def test_a_series_is_taught_by_those_like_it(sign: int, product: float) -> None:
    losses, products = panel().expected(NAMES, sign * FIRST, size=50.0)

    assert losses == pytest.approx(sign * FIRST, abs=0.02)
    assert products == pytest.approx(product, abs=0.02)


def test_one_whose_own_losses_are_not_known_is_taught_by_all() -> None:
    losses, products = panel().expected(NAMES, FIRST, size=0.0)

    assert losses == pytest.approx(0, abs=0.01)
    assert products == pytest.approx(5)


def test_the_more_is_known_the_more_its_kind_counts() -> None:
    found = [panel().expected(NAMES, FIRST / 10, size)[0][0, 0] for size in (0.0, 1.0, 50.0)]

    assert found == sorted(found, reverse=True)
    assert found[0] - found[2] > 0.5


def test_few_series_are_of_one_kind() -> None:
    kinds = panel(each=20)

    losses, products = kinds.expected(NAMES, FIRST, size=50.0)

    assert kinds.sizes.tolist() == [40]
    assert losses == pytest.approx(0, abs=0.01)
    assert products == pytest.approx(5)


def test_the_same_series_make_the_same_kinds() -> None:
    losses, products = DRAW.normal(size=(200, 3, 3)), DRAW.normal(size=(200, 3, 3, 3))

    one, other = (Kinds.of(NAMES, losses, products) for _ in range(2))

    assert 2 <= len(one.sizes) <= 6  # of thirty or more in the mean
    assert one.sizes.sum() == 200
    assert np.array_equal(one.losses, other.losses)


def test_members_that_no_series_had_are_as_good_as_any_and_others_keep_their_place() -> None:
    losses = DRAW.normal(size=(5, 3, 3))
    losses[:, 1] = np.nan
    products = DRAW.normal(size=(5, 3, 3, 3))
    products[:, :, 1] = products[:, :, :, 1] = np.nan
    kinds = Kinds.of(NAMES, losses, products)

    found, together = kinds.expected(("c", "new", "a", "b"), np.zeros((4, 3)), 9.0)

    assert found[[0, 2]] == pytest.approx(losses.mean(axis=0)[[2, 0]])
    assert not found[[1, 3]].any()
    assert together[:, 0, 2] == pytest.approx(products.mean(axis=0)[:, 2, 0])
    assert np.isnan(together[:, [1, 3]]).all()
    assert np.isnan(together[:, :, [1, 3]]).all()
