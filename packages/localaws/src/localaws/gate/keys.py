"""The key pair of a state folder, in a file that the AWS tools read."""

import configparser
import contextlib
import os
import secrets
import shlex
import string
from pathlib import Path
from typing import NamedTuple

__all__ = ["PROFILE", "KeysUnusable", "OwnKeys", "auth_lines", "own_keys"]

PROFILE = "localaws"

_LETTERS = string.ascii_uppercase + string.digits


class KeysUnusable(Exception):
    """The file with the keys of a state folder cannot be read."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(path, why)
        self.path, self.why = path, why

    def __str__(self) -> str:
        return f"{self.path} {self.why}: remove it, and a new key pair is created at the next start"


class OwnKeys(NamedTuple):
    """An access key, its secret, the file that holds them, and whether it was made just now."""

    access_key: str
    secret: str
    path: Path
    is_new: bool

    @property
    def environment(self) -> str:
        """What a shell must set for the AWS tools to use them."""
        return f"AWS_SHARED_CREDENTIALS_FILE={shlex.quote(str(self.path))} AWS_PROFILE={PROFILE}"


def auth_lines(keys: OwnKeys, *, asked: bool) -> list[str]:
    """What to print when signatures are verified; the secret only when it has just been created."""
    why = "" if asked else " because other hosts can reach this address"
    lines = [f"auth      signatures are verified{why}, against the keys in {keys.path}"]
    if keys.is_new:
        lines.append(f"          created now: access key {keys.access_key}, secret {keys.secret}")
    return lines


def own_keys(folder: Path) -> OwnKeys:
    """The keys of ``folder``; random ones, made and kept there, if there are none.

    Raises:
        KeysUnusable: the file holds something else, or is another user's.
    """
    path = folder / "credentials"
    is_new = False
    with contextlib.suppress(FileExistsError):
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        is_new = True
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            access_key = "LOCALAWS" + "".join(secrets.choice(_LETTERS) for _ in range(12))
            file.write(
                f"[{PROFILE}]\naws_access_key_id = {access_key}\n"
                f"aws_secret_access_key = {secrets.token_urlsafe(30)}\n"
            )
    about = path.stat()
    if about.st_uid != os.getuid():
        raise KeysUnusable(path, "belongs to another user")
    if about.st_mode & 0o077:
        raise KeysUnusable(path, "can be read or written by other users, who may know its keys")
    parser = configparser.RawConfigParser()
    try:
        parser.read(path, encoding="ascii")
        section = parser[PROFILE]
        return OwnKeys(section["aws_access_key_id"], section["aws_secret_access_key"], path, is_new)
    except (configparser.Error, KeyError, UnicodeDecodeError):
        raise KeysUnusable(path, f"has no profile {PROFILE!r} with a key pair") from None
