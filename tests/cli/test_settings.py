"""stepcast.toml says what up is to do; what it says wrong is refused with what to write instead."""

from pathlib import Path

import pytest

from stepcast.cli.failure import Failure
from stepcast.cli.settings import UP, settings

ROOT = Path(__file__).parents[2]


def written(folder: Path, text: str) -> Path:
    (folder / "stepcast.toml").write_text(text)
    return folder / "stepcast.toml"


def test_without_a_file_nothing_is_set(tmp_path: Path) -> None:
    assert settings(tmp_path / "stepcast.toml") == {}


def test_options_are_called_as_on_the_command_line(tmp_path: Path) -> None:
    path = written(tmp_path, '[up]\nport = 0\nsettle-seconds = 2\nstate = "kept"\nquiet = true\n')

    assert settings(path) == {
        "up": {"port": 0, "settle_seconds": 2, "state": "kept", "quiet": True},
        "down": {"state": "kept"},
    }


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[up]\nsettle_seconds = 2\n", "did you mean 'settle-seconds'"),
        ("[up]\nbukket = 'x'\n", "did you mean 'bucket'"),
        ("[up]\nzzzz = 1\n", "options: port, region"),
        ("[up]\nport = '5005'\n", "port is '5005': write an integer"),
        ("[up]\nport = true\n", "port is True: write an integer"),
        ("[up]\nallow-origin = [1]\n", r"allow-origin is \[1\]: write strings in brackets"),
        ("port = 5005\n", r"put port below a line \[up\]"),
        ("[run]\nout = 'x'\n", r"unknown name 'run': write \[up\]"),
        ("up = 3\n", r"write \[up\]"),
        ("[up\n", "not TOML"),
    ],
)
def test_what_is_wrong_is_refused_with_what_to_write(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(Failure, match=rf"stepcast\.toml.*{says}"):
        settings(written(tmp_path, text))


def test_every_option_is_documented() -> None:
    page = (ROOT / "docs/how-to/operate.md").read_text()

    assert [key for key in UP if f"\n{key} = " not in page] == []
