"""A run is named after its input and steps aside for newer input."""

import pytest
from pydantic import ValidationError

from stepcast.pipeline import layout
from stepcast.pipeline.errors import Superseded, Unsettled
from stepcast.pipeline.run import Run, fingerprint
from tests.pipeline.steps.conftest import BUCKET, Account, account

__all__ = ["account"]


def test_the_fingerprint_depends_on_keys_and_content_and_on_nothing_else(account: Account) -> None:
    first = fingerprint(account.s3, BUCKET)
    account.put("forecast/2026/clean/part-0.csv")
    account.put("train/a.csv", "lamp,2026-01-01,1\n")  # the same content once more
    assert fingerprint(account.s3, BUCKET) == first

    for key, body in (("train/a.csv", "lamp,2026-01-01,2\n"), ("train/b.csv", "x"), ("related/c.csv", "x")):
        before = fingerprint(account.s3, BUCKET)
        account.put(key, body)
        assert fingerprint(account.s3, BUCKET) != before


def test_a_run_steps_aside_when_its_input_has_changed(account: Account) -> None:
    run = account.run()
    run.check_current(account.s3)
    account.put("train/b.csv", "lamp,2026-01-02,1\n")

    with pytest.raises(Superseded, match="has changed"):
        run.check_current(account.s3)


def test_a_run_waits_again_while_files_come(account: Account) -> None:
    run = account.run()
    run.check_settled(account.s3)

    with pytest.raises(Unsettled, match=r"arrived \d+ s ago, less than SettleSeconds \(3600\)"):
        run.model_copy(update={"settle_seconds": 3600}).check_settled(account.s3)


def test_a_run_that_waits_steps_aside_too(account: Account) -> None:
    run = account.run().model_copy(update={"settle_seconds": 3600})
    account.put("train/b.csv", "lamp,2026-01-02,1\n")

    with pytest.raises(Superseded):
        run.check_settled(account.s3)


def test_resource_names_stay_within_63_characters() -> None:
    run = Run(bucket="b", run="r", vintage="2026-01-02T03-04-05Z")

    assert len(run.name_of("x" * 63)) == 63
    assert run.name_of("x" * 63).endswith("_20260102T030405Z")


def test_names_that_begin_alike_stay_apart_where_they_are_cut() -> None:
    run = Run(bucket="b", run="r", vintage="2026-01-02T03-04-05Z-1f8a90c2")
    target, related = (run.name_of("x" * 55 + end) for end in ("target", "related"))

    assert target != related
    assert {len(target), len(related)} == {63}
    assert layout.stamp_of(target) == "20260102T030405Z1f8a90c2"


def test_a_vintage_is_a_time_and_a_mark() -> None:
    for given in ("yesterday", "2026-01-02", "2026-01-02T03-04-05Z/..", ""):
        with pytest.raises(ValidationError, match="vintage"):
            Run(bucket="b", run="r", vintage=given)
