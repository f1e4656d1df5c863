import io
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pytest

from stepcast.engine import archive
from stepcast.engine.arrays import Floats, Integers


@dataclass(frozen=True)
class Leaf:
    values: Floats
    pairs: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True)
class Tree:
    name: str
    leaf: Leaf | None
    leaves: Mapping[str, Leaf]
    both: tuple[Integers, Floats]
    share: float
    quick: bool
    memory: dict[str, int] = field(default_factory=dict, init=False)


@dataclass(frozen=True)
class Nested:
    values: Floats
    inner: "Nested | None" = None


def a_tree(leaf: Leaf | None) -> Tree:
    empty = np.empty((0, 3))
    return Tree("a/b", leaf, {"x/y": Leaf(empty), "": Leaf(np.arange(3.0))}, (np.arange(2), empty), 0.1, True)


def test_what_is_read_is_what_was_written() -> None:
    kept = a_tree(Leaf(np.array([[0.1, np.nan]]), (("one", 1 / 3), ("two", float("inf")))))
    kept.memory["is not"] = 1

    again = archive.from_bytes(Tree, archive.to_bytes(kept))

    assert again.leaf is not None
    assert kept.leaf is not None
    np.testing.assert_array_equal(again.leaf.values, kept.leaf.values)
    assert again.leaf.pairs == kept.leaf.pairs
    assert list(again.leaves) == ["x/y", ""]
    assert again.leaves["x/y"].values.shape == (0, 3)
    assert again.both[0].dtype == np.int64
    assert (again.name, again.share, again.quick, again.memory) == ("a/b", 0.1, True, {})


def test_nothing_stays_nothing() -> None:
    assert archive.from_bytes(Tree, archive.to_bytes(a_tree(None))).leaf is None


def test_the_same_gives_the_same_bytes() -> None:
    assert archive.to_bytes(a_tree(None)) == archive.to_bytes(a_tree(None))


def test_objects_are_neither_written_nor_read() -> None:
    with pytest.raises(ValueError, match="allow_pickle"):
        archive.to_bytes(Leaf(np.array([object()])))
    hostile = io.BytesIO()
    np.savez(hostile, outline=np.array([object()]))

    with pytest.raises(ValueError, match="allow_pickle"):
        archive.from_bytes(Leaf, hostile.getvalue())


def test_numbers_that_hardly_shrink_are_not_compressed() -> None:
    noise, even = np.random.default_rng(1).normal(size=5000), np.zeros(5000)

    sizes = [len(archive.to_bytes(Leaf(values))) for values in (noise, even)]

    assert sizes[0] > noise.nbytes
    assert sizes[1] < even.nbytes / 10


def test_a_value_may_hold_another_of_its_kind() -> None:
    again = archive.from_bytes(Nested, archive.to_bytes(Nested(np.zeros(2), Nested(np.ones(3)))))

    assert again.inner is not None
    assert again.inner.values.tolist() == [1, 1, 1]
    assert again.inner.inner is None
