"""docs/how-to/files.md shows what the import really says of the files on it."""

import pytest

from tests.files_page.page import PAGE, Example, examples, messages

EXAMPLES = list(examples(PAGE.read_text("utf-8")))


@pytest.mark.parametrize(
    "example", EXAMPLES, ids=lambda example: example.before.strip().splitlines()[-1][:60]
)
def test_the_messages_on_the_page_are_the_imports(example: Example) -> None:
    """Where they are better now, ``python -m tests.files_page`` writes them there."""
    assert example.shown == messages(example)


def test_every_rule_of_the_files_is_on_the_page() -> None:
    rules = {line.split()[1] for example in EXAMPLES for line in example.shown.splitlines()}

    assert rules >= {"V01", "V03", "V04", "V05", "V06", "V07", "V11", "V12", "V13"}
