"""Firefox over its own Marionette protocol: a number of bytes, a colon, and a JSON list."""

import base64
import json
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

from tests.cli.processes import PATIENCE

__all__ = ["FIREFOX", "Firefox", "browsing"]

FIREFOX = next(filter(None, map(shutil.which, ("firefox-esr", "firefox"))), None)
PREFERENCES = {
    "marionette.port": 0,
    "browser.shell.checkDefaultBrowser": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "network.proxy.type": 0,
}
FAULTS = """return Services.console.getMessageArray()
  .filter((one) => one instanceof Ci.nsIScriptError && !(one.flags & Ci.nsIScriptError.warningFlag))
  .map((one) => [one.sourceName, one.errorMessage])"""


class Firefox:
    """One window."""

    def __init__(self, connection: socket.socket) -> None:
        self._stream = connection.makefile("rwb")
        self._numbers = count(1)
        self._read()  # its greeting
        self.ask("WebDriver:NewSession", pageLoadStrategy="normal")

    def ask(self, command: str, **parameters: Any) -> Any:
        text = json.dumps([0, next(self._numbers), command, parameters]).encode()
        self._stream.write(b"%d:%s" % (len(text), text))
        self._stream.flush()
        _, _, error, answer = self._read()
        assert error is None, error
        return answer

    def open(self, address: str) -> None:
        self.ask("WebDriver:Navigate", url=address)

    def run(self, script: str, *given: Any) -> Any:
        """The value that ``script`` returns in the page."""
        return self.ask("WebDriver:ExecuteScript", script=script, args=list(given))["value"]

    def until(self, condition: str, *given: Any) -> Any:
        """The value of ``condition``, an expression, once it is true."""
        deadline = time.monotonic() + PATIENCE
        while not (value := self.run(f"return {condition}", *given)):
            assert time.monotonic() < deadline, (condition, self.run("return document.body.innerText"))
            time.sleep(0.05)  # between two looks
        return value

    def faults(self) -> list[list[str]]:
        """Where, and what: every error that a page or its policy has caused."""
        self.ask("Marionette:SetContext", value="chrome")
        try:
            found: list[list[str]] = self.run(FAULTS)
        finally:
            self.ask("Marionette:SetContext", value="content")
        return [one for one in found if "/_stepcast/" in one[0]]

    def picture(self) -> bytes:
        return base64.b64decode(self.ask("WebDriver:TakeScreenshot", full=False)["value"])

    def _read(self) -> Any:
        length = b""
        while (byte := self._stream.read(1)) != b":":
            assert byte, "Firefox has ended"
            length += byte
        return json.loads(self._stream.read(int(length)))


@contextmanager
def browsing(width: int = 1280, height: int = 800) -> Iterator[Firefox]:
    """Firefox until the context ends, with a profile of its own."""
    assert FIREFOX is not None
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        lines = (f"user_pref({json.dumps(k)}, {json.dumps(v)});\n" for k, v in PREFERENCES.items())
        (Path(folder) / "user.js").write_text("".join(lines))
        options = ("--headless", "--no-remote", "--marionette", "--remote-allow-system-access")
        with subprocess.Popen(
            [FIREFOX, *options, "--profile", folder, f"--width={width}", f"--height={height}", "about:blank"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ) as process:
            try:
                with socket.create_connection(("127.0.0.1", _port(Path(folder), process)), PATIENCE) as one:
                    yield Firefox(one)
            finally:
                process.terminate()
                process.wait(PATIENCE)


def _port(profile: Path, process: subprocess.Popen[bytes]) -> int:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and process.poll() is None:
        try:
            return int((profile / "MarionetteActivePort").read_text())
        except (FileNotFoundError, ValueError):
            time.sleep(0.05)  # until it has written the file
    raise AssertionError("Firefox did not start")
