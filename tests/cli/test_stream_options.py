"""Options of ``stepcast stream`` that cannot work are refused before a broker is asked."""

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
        (("--model", "m:X", "--session-timeout", "2h"), "2h is not between 1s and 1800s"),
        (("--model", "m:X", "--transaction-timeout", "10ms"), "10ms is not between 1s and 86400s"),
        (("--model", "m:X", "--buffer", "4000"), "2047"),
    ],
)
def test_options_that_cannot_work_are_refused(options: tuple[str, ...], why: str) -> None:
    answer = CliRunner().invoke(app, [*NEEDED, *options])

    assert answer.exit_code == 2
    assert why in " ".join(answer.output.replace("│", "").split())
