"""Of what is reported, a small share is chance."""

import numpy as np

from stepcast.engine.drift.discoveries import discoveries, drifts, smallest_of
from stepcast.engine.drift.moderation import moderated


def test_the_share_of_false_discoveries_is_held() -> None:
    random = np.random.default_rng(0)
    shares = []
    for _ in range(200):
        p = random.uniform(size=1000)
        p[:50] = random.uniform(size=50) * 1e-4
        found = discoveries(p, 0.1)
        shares.append(found[50:].sum() / max(found.sum(), 1))

    assert 0.06 < np.mean(shares) <= 0.11


def test_nothing_is_found_where_nothing_is_small_or_known() -> None:
    assert not discoveries(np.full((3, 2), 0.5), 0.1).any()
    assert not discoveries(np.full((3, 2), np.nan), 0.1).any()
    assert discoveries(np.empty((0, 4)), 0.1).shape == (0, 4)


def test_of_the_items_reported_a_small_share_is_chance_however_many_kinds_are_found() -> None:
    """Each drifted item shows in all four kinds: counted by kind, chance would have four times the room."""
    random = np.random.default_rng(0)
    shares, by_kind, missed = [], [], 0.0
    for _ in range(200):
        p = random.uniform(size=(500, 4))
        p[:25] = random.uniform(size=(25, 4)) * 1e-6
        for found, into in ((drifts(p, 0.1), shares), (discoveries(p, 0.1), by_kind)):
            items = found.any(axis=1)
            into.append(items[25:].sum() / items.sum())
        missed += (~drifts(p, 0.1)[:25]).mean()

    assert 0.06 < np.mean(shares) <= 0.11
    assert np.mean(by_kind) > 0.2
    assert missed == 0


def test_no_items_are_no_drifts() -> None:
    assert drifts(np.empty((0, 4)), 0.1).shape == (0, 4)


def test_several_tests_of_one_item_keep_their_level() -> None:
    p = np.random.default_rng(0).uniform(size=(20_000, 4))

    assert abs(np.mean(smallest_of(p)[0] < 0.05) - 0.05) < 0.01


def test_a_variance_of_few_windows_is_raised_toward_what_items_say_together() -> None:
    random = np.random.default_rng(0)
    freedom = np.full(2000, 4.0)
    variance = random.chisquare(4, 2000) / 4

    raised, degrees = moderated(variance, freedom, np.ones(2000))

    assert np.quantile(raised, 0.05) > 0.7
    assert (raised[variance > 2.5] == variance[variance > 2.5]).all()
    assert (degrees > 15).all()


def test_items_of_their_own_kind_are_not_made_alike() -> None:
    random = np.random.default_rng(0)
    variance = np.exp(3 * random.standard_normal(2000)) * random.chisquare(4, 2000) / 4

    _, degrees = moderated(variance, np.full(2000, 4.0), np.ones(2000))

    assert (degrees < 5).all()


def test_how_measures_go_together_is_learned_where_items_are_many() -> None:
    """What varies as the square root of a measure is known by it; taken for the measure itself it is not."""
    random = np.random.default_rng(0)
    measure = np.exp(3 * random.standard_normal(2000))
    variance = np.sqrt(measure) * random.chisquare(4, 2000) / 4

    _, alone = moderated(variance, np.full(2000, 4.0), measure)
    learned, degrees = moderated(variance, np.full(2000, 4.0), measure, np.ones(2000))

    assert (alone < 6).all()
    assert (degrees > 15).all()
    assert np.std(np.log(learned / np.sqrt(measure))) < 0.5 * np.std(np.log(variance / np.sqrt(measure)))
