"""The champion's alias moves only to what is better, on outcomes that can be compared."""

import pytest

from stepcast.connect.mlflow.champion import Standing, decide


def standing(
    wape: float | None, naive: float = 1.0, outcomes: str = "spring", version: str = "2"
) -> Standing:
    return Standing(version, outcomes, {} if wape is None else {"wape": wape}, {"wape": naive})


def test_the_first_is_champion() -> None:
    assert decide("better", "wape", standing(0.3), None).moves


@pytest.mark.parametrize(("wape", "moves"), [(0.19, True), (0.2, False), (0.21, False)])
def test_on_the_same_outcomes_the_score_has_to_be_better(wape: float, moves: bool) -> None:
    """Seasonal naive would say otherwise, and is not asked."""
    assert decide("better", "wape", standing(wape, naive=0.1), standing(0.2, naive=9.0)).moves is moves


@pytest.mark.parametrize(("wape", "moves"), [(0.39, True), (0.4, True), (0.41, False)])
def test_on_other_data_the_score_is_compared_relative_to_seasonal_naive(wape: float, moves: bool) -> None:
    """The champion was at 0.2 of 1.0; the newcomer's data are twice as hard. The more recent wins a tie."""
    newcomer = standing(wape, naive=2.0, outcomes="summer")

    assert decide("better", "wape", newcomer, standing(0.2)).moves is moves


@pytest.mark.parametrize(
    ("newcomer", "champion"),
    [
        (standing(None), standing(0.2)),
        (standing(0.1), standing(None)),
        (standing(0.1, naive=0.0, outcomes="summer"), standing(0.2)),
    ],
)
def test_where_nothing_can_be_compared_the_champion_stays(newcomer: Standing, champion: Standing) -> None:
    decision = decide("better", "wape", newcomer, champion)

    assert not decision.moves
    assert "unknown: version 2 stays" in decision.why


def test_a_policy_may_settle_it() -> None:
    assert decide("always", "wape", standing(9.0), standing(0.1)).moves
    assert not decide("never", "wape", standing(0.1), None).moves
