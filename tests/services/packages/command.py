"""Commands that fetch."""

import subprocess
from collections.abc import Mapping
from pathlib import Path

__all__ = ["NotBrought", "output"]

SHOWN = 6  # lines of a failed command
PATIENCE = 1800  # seconds: a hung index must not hang whoever asked; MinIO builds for a quarter of an hour


class NotBrought(Exception):
    """A package cannot be had on this machine; the message says why."""


def output(
    command: list[str], folder: Path | None = None, environment: Mapping[str, str] | None = None
) -> str:
    """What the command prints on stdout; NotBrought where it fails or is not installed."""
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
    except FileNotFoundError:
        raise NotBrought(f"{command[0]} is not installed") from None
    except subprocess.TimeoutExpired:
        raise NotBrought(f"`{' '.join(command)}` did not end within {PATIENCE} s") from None
    if done.returncode:
        last = "\n".join((done.stdout + done.stderr).strip().splitlines()[-SHOWN:])
        raise NotBrought(f"`{' '.join(command)}` failed:\n{last}")
    return done.stdout
