"""The committed files of the page are what its sources build."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES, ASSETS = ROOT / "console", ROOT / "src" / "stepcast" / "console" / "assets"
NODE = shutil.which("node")


def test_a_build_of_the_sources_gives_the_committed_files(tmp_path: Path) -> None:
    if NODE is None or not (SOURCES / "node_modules" / "esbuild").exists():
        pytest.skip("needs Node.js, and the packages of console/package-lock.json: make console")
    subprocess.run([NODE, "build.mjs", tmp_path], cwd=SOURCES, check=True)

    built = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    committed = {path.name: path.read_bytes() for path in ASSETS.iterdir()}
    assert sorted(built) == sorted(committed)
    assert [name for name in built if built[name] != committed[name]] == [], "run make console, and commit"


def test_the_locked_packages_are_pinned_and_name_no_registry() -> None:
    """npm asks the registry that it is configured for; what it gets must have the recorded hash."""
    locked = json.loads((SOURCES / "package-lock.json").read_text())["packages"]

    assert len(locked) > 10
    for name, package in locked.items():
        if name:
            assert "resolved" not in package, name
            assert package["integrity"].startswith("sha512-"), name


def test_every_package_of_the_page_has_its_licence_with_it() -> None:
    wanted = json.loads((SOURCES / "package.json").read_text())["dependencies"]
    text = (ASSETS / "licenses.txt").read_text()

    assert [name for name, version in wanted.items() if f"\n{name} {version} (MIT)\n" not in text] == []
