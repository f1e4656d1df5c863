"""Imports form no circle, wherever they are written: at the top, in a function or under TYPE_CHECKING."""

import ast
import graphlib
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCES = (ROOT / "src", ROOT / "packages" / "localaws" / "src")
EXCUSE = "# circle: "  # behind an import, with the reason why it has to close one


def test_no_module_imports_one_that_imports_it() -> None:
    graph = import_graph(*SOURCES)
    assert "localaws" in graph["stepcast.cli.stack"], "both distributions are in one graph"

    assert circle(graph) == []


def test_a_circle_is_found_wherever_its_imports_are(tmp_path: Path) -> None:
    package = tmp_path / "package"
    (package / "inner").mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "first.py").write_text("def late():\n    from package.inner import second\n")
    (package / "inner" / "__init__.py").touch()
    second = package / "inner" / "second.py"
    for closing in ("from ..first import late", "from package.first import late", "import package.first"):
        second.write_text(f"from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    {closing}\n")
        assert set(circle(import_graph(tmp_path))) == {"package.first", "package.inner.second"}

        second.write_text(f"{closing}  {EXCUSE}nothing else is open yet\n")
        assert circle(import_graph(tmp_path)) == []

        second.write_text(f"{closing}  {EXCUSE}\n")
        assert circle(import_graph(tmp_path)) != [], "an excuse without a reason"


def import_graph(*sources: Path) -> dict[str, list[str]]:
    """What each module imports of those below ``sources``.

    That a module also loads the packages it lies in is left out: a package may import its own modules.
    """
    files = {
        module_name(path.relative_to(source)): path for source in sources for path in source.rglob("*.py")
    }
    return {name: sorted(set(imported(name, path, files))) for name, path in files.items()}


def module_name(path: Path) -> str:
    return ".".join(path.parent.parts if path.stem == "__init__" else path.with_suffix("").parts)


def imported(name: str, path: Path, known: dict[str, Path]) -> Iterator[str]:
    text = path.read_text("utf-8")
    package = name.split(".") if path.stem == "__init__" else name.split(".")[:-1]
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, ast.Import | ast.ImportFrom) or is_excused(node, text):
            continue
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        else:
            above = package[: len(package) - node.level + 1] if node.level else []
            base = ".".join([*above, node.module] if node.module else above)
            members = [f"{base}.{alias.name}" for alias in node.names]
            names = [member if member in known else base for member in members]
        yield from (each for each in names if each in known)


def is_excused(node: ast.stmt, text: str) -> bool:
    last = text.splitlines()[(node.end_lineno or node.lineno) - 1]
    return bool(last.partition(EXCUSE)[2].strip())


def circle(graph: dict[str, list[str]]) -> list[str]:
    """The modules of one circle, each imported by the one that follows; empty if there is none."""
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as error:
        found: list[str] = error.args[1]
        return found
    return []
