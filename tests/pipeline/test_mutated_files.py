"""A mutated file ends in the totals that pandas computes, or in a problem that names the mutated place.

``python -m tests.fuzz --count 500 --seed 0`` tries many more.
"""

import pytest

from tests.fuzz.good_files import Good, good_inputs
from tests.fuzz.mutations import MUTATIONS, Mutated, mutate, original
from tests.fuzz.verdict import verdict

FILES = 4  # of each mutation


@pytest.mark.parametrize("good", good_inputs(), ids=lambda good: good.name)
def test_the_good_inputs_are_read_as_pandas_reads_them(good: Good) -> None:
    files = {key: original(good, key) for key in good.rows}

    end, fault = verdict(good, Mutated(files, next(iter(files))))

    assert (end, fault) == ("same totals", None)


@pytest.mark.parametrize("name", sorted({act.__name__ for act in MUTATIONS}))
def test_a_mutation_is_named_or_changes_nothing_that_pandas_does_not_see(name: str) -> None:
    act = next(act for act in MUTATIONS if act.__name__ == name)
    faults = []
    for seed in range(FILES):
        _, good, mutated = mutate(seed, act)
        _, fault = verdict(good, mutated)
        faults += [f"seed {seed} in {good.name}: {fault}"] if fault else []

    assert faults == []
