"""How far the training of a network is can be read while it lasts."""

from stepcast.cli.executions import training_note
from stepcast.engine.neural.progress import Epoch, report
from stepcast.pipeline import layout, objects
from stepcast.pipeline.training import training_logged
from tests.pipeline.steps.conftest import BUCKET, Account

STATES = "arn:aws:states:us-east-1:123456789012:execution:stepcast-forecast:"


def test_the_first_epoch_is_shown_at_once(account: Account) -> None:
    run = account.run()
    execution = f"{STATES}{run.run}-2"  # a second attempt at the same input
    assert training_note(account.s3, BUCKET, execution) == ""

    with training_logged(account.s3, run, "Sales_1"):
        report(Epoch("CNN-QR", "learning", 1, 100, loss=0.51234, held=0.25))

    assert training_note(account.s3, BUCKET, execution) == (
        "CNN-QR, learning: epoch 1 of at most 100, loss 0.5123, held back 0.25"
    )


def test_epochs_outside_of_a_step_are_nobodys(account: Account) -> None:
    run = account.run()
    with training_logged(account.s3, run, "Sales_1"):
        pass

    report(Epoch("LSTM", "learning", 1, 100, loss=1.0, held=None))

    assert training_note(account.s3, BUCKET, f"{STATES}{run.run}") == ""


def test_the_losses_of_all_epochs_are_kept_with_the_predictor(account: Account) -> None:
    with training_logged(account.s3, account.run(), "Sales_1"):
        for number in (1, 2):
            report(Epoch("LSTM", "learning", number, 2, loss=1 / number, held=None))

    kept = objects.read_json(account.s3, BUCKET, layout.kept_training("Sales_1"))
    assert [(epoch["number"], epoch["loss"]) for epoch in kept] == [(1, 1.0), (2, 0.5)]
