"""Runs that work on one bucket at once: the newest input is forecast, and nothing of the others is left.

The steps and the order of states are the real ones; only the model is a cheap one, on two weeks of data.
"""

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import count

import numpy as np
import pytest

from stepcast.pipeline import layout, vintages
from tests.pipeline.interleaving.explore import every_end, possible
from tests.pipeline.interleaving.flaws import Objects, flaws, forecast_of
from tests.pipeline.interleaving.world import BUCKET, NOON, World, before_call, killed_before, the_world

A, B, C = (
    "".join(f"lamp,2026-01-{day:02},{day % 3 + more}\n" for day in range(1, 13 + more)) for more in (1, 2, 3)
)
MANY = tuple("".join(f"lamp,2026-01-{day:02},{day + n}\n" for day in range(1, 14)) for n in range(8))
# Each place to disturb a function is tried in one of the two kinds of buckets; in both by the long tests.
APART = pytest.mark.parametrize(
    "apart", [pytest.param(1, marks=pytest.mark.long, id="each place"), pytest.param(2, id="every second")]
)


@pytest.fixture(scope="module", autouse=True)
def region() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        yield


@pytest.fixture(scope="module")
def expected(region: None) -> dict[str, Objects]:
    """What an undisturbed run of each input leaves."""
    with the_world() as world:
        return dict(undisturbed(world, given) for given in (A, B, C, *MANY))


@pytest.fixture(scope="module", params=[False, True], ids=["no versions", "versions"])
def world(request: pytest.FixtureRequest, expected: dict[str, Objects]) -> Iterator[World]:
    """Where the bucket keeps versions, a run goes on though its files have newer ones."""
    with the_world(versioned=request.param) as world:
        yield world


def undisturbed(world: World, given: str) -> tuple[str, Objects]:
    world.begin((given,))
    world.finish()
    current = vintages.current(world.s3, BUCKET)
    assert current is not None
    return current.run, forecast_of(world, current.vintage)


def in_turns(world: World, arn: str) -> None:
    """One execution alone, to its end."""
    while world.executions[arn].status == "RUNNING":
        world.step(arn)


def at_random(world: World, seed: int, look: Callable[[World], object] = id) -> list[str]:
    """Whatever can happen next, until nothing can; the order in which it did."""
    chance, way = np.random.default_rng(seed), []
    while actions := possible(world):
        name, act = actions[chance.integers(len(actions))]
        act()
        way.append(name)
        look(world)
    return way


def places(world: World, apart: int) -> Iterator[int]:
    """Numbers from 1, or every second: where a bucket keeps versions, those that others leave out."""
    return count(apart if world.versioned else 1, apart)


def drop(world: World) -> str:
    """The next input and its event; the execution of it."""
    world.upload()
    world.deliver(world.events[-1])
    return list(world.executions)[-1]


@pytest.mark.parametrize("step", [timedelta(0), timedelta(hours=-1)], ids=["stands still", "is set back"])
def test_in_every_order_the_newest_input_is_forecast_and_nothing_else_is_left(
    step: timedelta, expected: dict[str, Objects], world: World
) -> None:
    """Whatever the clock does."""
    world.begin((A, B), clocks=(NOON, NOON + step))
    ends = 0
    for way in every_end(world):
        ends += 1
        assert flaws(world, expected) == [], way
    assert ends > 2


@pytest.mark.parametrize("seed", range(20))
def test_an_input_that_comes_back_is_forecast_again_whatever_its_first_run_is_about(
    seed: int, expected: dict[str, Objects], world: World
) -> None:
    """Orders drawn by chance: of all there are too many."""
    world.begin((A, B, A))
    way = at_random(world, seed)

    assert flaws(world, expected) == [], way


@APART
def test_a_function_killed_before_any_of_its_writes_makes_the_same_when_tried_again(
    apart: int, expected: dict[str, Objects], world: World
) -> None:
    kills = 0
    world.begin((A, B))
    drop(world)
    world.finish_running()
    newer = drop(world)
    while world.running():
        before, state = world.now(), world.executions[newer].state
        world.step(newer)
        after = world.now()
        for number in places(world, apart):
            world.set_back(before)
            with killed_before(number) as writes:
                world.step_anew(newer)
            if len(writes) < number:
                break
            kills += 1
            world.step(newer)
            assert world.now() == after, f"{state} killed before write {number}, {writes[-1]}"
        world.set_back(after)
    assert flaws(world, expected) == []
    assert kills > 40 / apart


@APART
def test_newer_input_may_arrive_while_a_killed_function_waits_to_be_tried_again(
    apart: int, expected: dict[str, Objects], world: World
) -> None:
    world.begin((A, B, C))
    drop(world)
    world.finish_running()
    older = drop(world)
    while world.executions[older].state != "Export":
        world.step(older)
    while world.running():
        before, state = world.now(), world.executions[older].state
        for number in places(world, apart):
            world.set_back(before)
            with killed_before(number) as writes:
                world.step_anew(older)
            if len(writes) < number:
                break
            in_turns(world, drop(world))
            in_turns(world, older)
            assert flaws(world, expected) == [], f"{state} killed before write {number}, {writes[-1]}"
        world.set_back(before)
        world.step(older)


@pytest.mark.parametrize(
    ("world", "inputs"),
    [
        pytest.param(False, (A, B, C), id="no versions, the second", marks=pytest.mark.long),
        pytest.param(True, (A, B, C), id="versions, the second"),
        pytest.param(False, (A, B), id="no versions, the first"),
    ],
    indirect=["world"],
)
@pytest.mark.parametrize("state", ["Export", "UpdateAthena", "Notify", "CleanupWorkFiles"])
@APART
def test_newer_input_may_be_forecast_between_any_two_calls_of_a_step(
    apart: int, state: str, inputs: tuple[str, ...], expected: dict[str, Objects], world: World
) -> None:
    world.begin(inputs)
    for _ in inputs[2:]:
        drop(world)
        world.finish_running()
    older = drop(world)
    while world.executions[older].state != state:
        world.step(older)
    before = world.now()
    for number in places(world, apart):
        world.set_back(before)
        with before_call(number, lambda: in_turns(world, drop(world))) as calls:
            world.step_anew(older)
        if len(calls) < number:
            break
        in_turns(world, older)
        assert flaws(world, expected) == [], f"at call {number} of {state}, {calls[number - 1]}"
    assert number > 3


def test_many_runs_that_start_in_one_second_keep_out_of_each_others_way(
    expected: dict[str, Objects], world: World
) -> None:
    made: set[tuple[str, str]] = set()

    def look(world: World) -> None:
        made.update((arn, json.loads(each.data)["vintage"]) for arn, each in world.executions.items())

    world.begin(MANY)
    at_random(world, 7, look)

    assert flaws(world, expected) == []
    assert len({vintage for _, vintage in made}) == len(made) > len(MANY) / 2


@pytest.mark.parametrize("step", [timedelta(0), timedelta(hours=-1)], ids=["stands still", "is set back"])
def test_the_newest_vintage_sorts_last_whatever_the_clock_does(
    step: timedelta, expected: dict[str, Objects], world: World
) -> None:
    world.begin((A, B, C), clocks=tuple(NOON + number * step for number in range(3)))
    made = []
    for _ in range(3):
        drop(world)
        world.finish_running()
        current = vintages.current(world.s3, BUCKET)
        assert current is not None
        made.append(current.vintage)

    assert made == sorted(set(made))
    assert vintages.names(world.s3, BUCKET, layout.HISTORY) == made[:2]
    assert flaws(world, expected) == []


def test_an_execution_started_by_hand_with_the_input_of_a_running_one_is_a_run_of_its_own(
    expected: dict[str, Objects], world: World
) -> None:
    world.begin((A,))
    started = drop(world)
    copied = world.start_by_hand("by-hand", world.executions[started].given)
    for _ in range(20):
        for arn in (started, copied):
            if world.executions[arn].status == "RUNNING":
                world.step(arn)

    assert flaws(world, expected) == []
    assert len(vintages.names(world.s3, BUCKET, layout.HISTORY)) == 1
