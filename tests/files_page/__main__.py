"""``python -m tests.files_page``: write the import's messages into docs/how-to/files.md, for review."""

from tests.files_page.page import PAGE, rewritten

PAGE.write_text(rewritten(PAGE.read_text("utf-8")), encoding="utf-8")
