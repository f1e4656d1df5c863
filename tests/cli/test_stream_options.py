"""Options of ``stepcast stream`` that exclude each other are refused before a broker is asked."""

import pytest
from typer.testing import CliRunner

from stepcast.cli.app import app

NEEDED = ("stream", "--bootstrap", "127.0.0.1:1", "--group", "g", "--from", "a", "--to", "b")


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (("--label", "sold"), "a predictor learns no label"),
        (("--model", "models:Mine", "--predictor", "Sales"), "it takes the place of a predictor"),
        (("--model", "models:Mine", "--out", "."), "it takes the place of a predictor"),
        (("--model", "models:Mine", "--bucket", "x"), "it takes the place of a predictor"),
        (("--model", "models:Mine", "--retrain-age", "7d"), "it takes the place of a predictor"),
        (("--dead-letters", "a"), "must differ"),
    ],
)
def test_options_that_exclude_each_other_are_refused(options: tuple[str, ...], why: str) -> None:
    answer = CliRunner().invoke(app, [*NEEDED, *options])

    assert answer.exit_code == 2
    assert why in " ".join(answer.output.replace("│", "").split())
