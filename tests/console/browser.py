"""A real browser: Debian's Chromium, driven by Playwright."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

__all__ = ["CHROMIUM", "ELSEWHERE", "browsing", "watched"]

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
# Names of elsewhere that resolve to this machine, as a name server of an attacker's has them do.
ELSEWHERE = "elsewhere.example"
REBOUND = f"MAP {ELSEWHERE} 127.0.0.1"


@contextmanager
def browsing() -> Iterator["Browser"]:
    """Chromium until the context ends."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-gpu", "--no-proxy-server", f"--host-resolver-rules={REBOUND}"],
        )
        yield browser
        browser.close()


@contextmanager
def watched(browser: "Browser", dark: bool = False, width: int = 1280) -> Iterator["Page"]:
    """A page that must log no error, break no policy and ask no other server."""
    context = browser.new_context(
        viewport={"width": width, "height": 800}, color_scheme="dark" if dark else "light"
    )
    page, faults, asked = context.new_page(), [], []
    page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    yield page
    here = page.url.partition("/_stepcast/")[0]
    context.close()
    assert not faults, faults
    foreign = [url for url in asked if not url.startswith((f"{here}/_stepcast/", "data:"))]
    assert not foreign, foreign
