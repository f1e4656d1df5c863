"""Layers that hold binaries for another Python than the one that localaws runs in."""

import json
import sys
import zipfile
from importlib.machinery import EXTENSION_SUFFIXES
from io import BytesIO
from pathlib import Path

import pytest

from localaws import LocalAws
from localaws.lambda_.binaries import importable_here

# A package of the environment that a layer brings too.
HANDLER = """
import pydantic, only_in_the_layer

def handler(event, context):
    return [getattr(pydantic, "IS_THE_LAYERS", False), only_in_the_layer.WORD]
"""


def answer(aws: LocalAws, binary: str, folder: Path) -> list[object]:
    """What a function sees that has a layer with a binary of that name."""
    archive = BytesIO()
    with zipfile.ZipFile(archive, "w") as layer:
        layer.writestr("python/only_in_the_layer.py", "WORD = 'layer'")
        layer.writestr("python/pydantic/__init__.py", "IS_THE_LAYERS = True")
        layer.writestr(f"python/pydantic/{binary}", b"\x7fELF")
    (folder / "layer.zip").write_bytes(archive.getvalue())
    (folder / "code").mkdir()
    (folder / "code/app.py").write_text(HANDLER)
    properties = {
        "CodeUri": "code",
        "Handler": "app.handler",
        "Runtime": "python3.12",
        "FunctionName": "it",
        "Layers": [{"Ref": "Layer"}],
    }
    resources = {
        "Layer": {"Type": "AWS::Serverless::LayerVersion", "Properties": {"ContentUri": "layer.zip"}},
        "It": {"Type": "AWS::Serverless::Function", "Properties": properties},
    }
    template = {"Transform": "AWS::Serverless-2016-10-31", "Resources": resources}
    (folder / "template.json").write_text(json.dumps(template))
    aws.deploy(folder / "template.json", "s")
    found: list[object] = json.loads(aws.invoke("it", b"{}").payload)
    return found


def test_a_layer_that_cannot_be_loaded_comes_after_the_environments_packages(
    aws: LocalAws, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    found = answer(aws, "_core.cpython-27-x86_64-linux-gnu.so", tmp_path)

    assert found == [False, "layer"]
    assert "_core.cpython-27-x86_64-linux-gnu.so" in caplog.text


def test_a_layer_for_this_python_comes_first(aws: LocalAws, tmp_path: Path) -> None:
    assert answer(aws, "plain.txt", tmp_path) == [True, "layer"]


@pytest.mark.parametrize(
    ("name", "importable"),
    [
        (f"a{EXTENSION_SUFFIXES[0]}", True),
        ("a.abi3.so", True),
        ("libshared.so", True),
        ("a.cpython-27-x86_64-linux-gnu.so", False),
    ],
)
def test_which_names_are_of_this_python(tmp_path: Path, name: str, importable: bool) -> None:
    (tmp_path / name).write_bytes(b"\x7fELF" if sys.platform == "linux" else b"\xcf\xfa\xed\xfe")

    assert importable_here(tmp_path) is importable


def test_a_binary_of_another_system_is_not_importable(tmp_path: Path) -> None:
    other = b"\xcf\xfa\xed\xfe" if sys.platform == "linux" else b"\x7fELF"
    (tmp_path / f"a{EXTENSION_SUFFIXES[0]}").write_bytes(other)

    assert importable_here(tmp_path) is False
