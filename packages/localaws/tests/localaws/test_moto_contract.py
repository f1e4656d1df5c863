"""What of moto is replaced, and how moto must look for that: an upgrade that moves the ground fails here.

When every difference has been looked at, ``python -m tests.localaws.test_moto_contract`` writes
moto_contract.json anew.
"""

import importlib
import inspect
import json
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from localaws import LocalAws
from localaws.patching import ReplacedTwice, replace, replaced

CONTRACT = Path(__file__).with_name("moto_contract.json")


def described(name: str) -> Any:
    """The parameters of what has that name; the kind of what is no function."""
    module, _, path = name.partition(":")
    found: Any = importlib.import_module(module)
    for part in path.split("."):
        found = inspect.getattr_static(found, part)
    if isinstance(found, staticmethod | classmethod):
        found = found.__func__
    if inspect.isfunction(found):
        return list(inspect.signature(found).parameters)
    return type(found).__name__


def actual() -> dict[str, Any]:
    """Every replaced attribute of moto as it is without localaws."""
    with TemporaryDirectory() as folder, LocalAws(state=Path(folder) / "state", on_activity=lambda _: None):
        names = [name for name in replaced() if name.startswith("moto.") and ".athena." not in name]
    return {name: described(name) for name in names}


def test_what_is_replaced_is_what_was_looked_at() -> None:
    assert actual() == json.loads(CONTRACT.read_text())


def test_nothing_stays_replaced_after_the_stop() -> None:
    import moto.s3.models

    before = moto.s3.models.FakeKey
    with LocalAws():
        assert moto.s3.models.FakeKey is not before
        assert replaced()

    assert moto.s3.models.FakeKey is before
    assert replaced() == []


def test_no_attribute_is_replaced_twice() -> None:
    class Shop:
        price = 2

    with ExitStack() as undo:
        replace(undo, Shop, "price", 3)
        with pytest.raises(ReplacedTwice, match=r"Shop\.price is replaced already"):
            replace(undo, Shop, "price", 4)

    assert Shop.price == 2


if __name__ == "__main__":
    CONTRACT.write_text(json.dumps(actual(), indent=2) + "\n")
