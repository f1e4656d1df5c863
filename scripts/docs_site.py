"""What `mkdocs build` adds to docs/: pages made from the code, and links that leave the folder as text."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

import typer
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page
from typer.cli import get_docs_for_click

import stepcast
from stepcast.cli.app import app
from stepcast.pipeline.params import Params

__all__ = ["on_files", "on_page_markdown"]

ROOT = Path(__file__).parents[1]
LINK = re.compile(r"\[([^\]]+)\]\(((?:\.\./)+[^)#]*)(#[^)]*)?\)")


def on_files(files: Files, *, config: MkDocsConfig) -> Files:
    """Add the reference and the list of decisions."""
    made = {
        "reference/command-line.md": command_line(),
        "reference/params-schema.md": params_schema(),
        "reference/python.md": python(),
        "decisions/index.md": decisions(),
    }
    for name, text in made.items():
        files.append(File.generated(config, name, content=text))
    return files


def on_page_markdown(markdown: str, *, page: Page, config: MkDocsConfig, files: Files) -> str:
    """A link to a file of the repository that is no page becomes its path; one to a folder, to its list."""
    del config, files
    folder = PurePosixPath("docs", page.file.src_uri).parent

    def plain(link: re.Match[str]) -> str:
        path = (ROOT / folder / link[2]).resolve().relative_to(ROOT)
        if path.is_relative_to("docs"):
            return link[0]
        named = f"`{path}`"
        return named if link[1].strip("`") in (str(path), path.name) else f"{link[1]} ({named})"

    return re.sub(r"(\]\([\w./-]+/)\)", r"\1index.md)", LINK.sub(plain, markdown))


def command_line() -> str:
    """Every command with its options, as ``--help`` has them."""
    command = typer.main.get_command(app)
    return get_docs_for_click(obj=command, ctx=typer.Context(command), name="stepcast", title="Command line")


def params_schema() -> str:
    """Keys, types and defaults of params.json, section by section."""
    schema = Params.model_json_schema(by_alias=True)
    lines = [
        "# Schema of params.json",
        "",
        "Made from the schema that reads the file; [params.json](../how-to/params.md) says what keys mean.",
    ]
    for name, section in {"params.json": schema, **schema["$defs"]}.items():
        lines += ["", f"## {name}", "", section["description"].replace("``", "`"), ""]
        lines += ["| Key | Type | Default |", "|---|---|---|"]
        lines += _keys(section)
    return "\n".join(lines) + "\n"


def _keys(section: Mapping[str, Any]) -> Iterator[str]:
    required = section.get("required", ())
    for key, field in section["properties"].items():
        default = "required" if key in required else f"`{_default(field.get('default'))}`"
        yield f"| `{key}` | {_type(field)} | {default} |"


def _default(value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, Mapping):
        return "{}" if not value else "its own defaults"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _type(field: Mapping[str, Any]) -> str:
    """A type in words: `"A" or "B"`, `whole number, 1 to 500`, `list of Attribute`."""
    if "$ref" in field:
        name = field["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "anyOf" in field:
        return " or ".join(_type(kind) for kind in field["anyOf"] if kind.get("type") != "null")
    if "enum" in field:
        return ", ".join(f"`{value}`" for value in field["enum"])
    words = {"integer": "whole number", "number": "number", "string": "text", "boolean": "`true`, `false`"}
    if field.get("type") == "array":
        most = f", at most {field['maxItems']}" if "maxItems" in field else ""
        return f"list of {_type(field['items'])}{most}"
    if field.get("type") == "object":
        return "texts by name"
    limits = [
        f"{word} {field[limit]}"
        for limit, word in {
            "minimum": "from",
            "exclusiveMinimum": "above",
            "maximum": "to",
            "exclusiveMaximum": "below",
            "maxLength": "characters at most",
        }.items()
        if limit in field
    ]
    return ", ".join([words.get(field.get("type", ""), "text"), *limits])


def python() -> str:
    """The public names of the package, from their docstrings."""
    lines = ["# Python", "", "[Data frames](../how-to/python.md) has examples of all of it.", ""]
    for name in stepcast.__all__:
        if not name.startswith("_"):
            place = f"{getattr(stepcast, name).__module__}.{name}"
            lines += [f"::: {place}", f"    options: {{heading: stepcast.{name}}}", ""]
    lines += [
        "::: stepcast.engine.online",
        "    options: {members: false, heading: stepcast.engine.online}",
        "",
    ]
    return "\n".join(lines)


def decisions() -> str:
    """The decisions in their order."""
    lines = ["# Decisions", "", "What was chosen, why, and at what price.", ""]
    for page in sorted((ROOT / "docs" / "decisions").glob("*.md")):
        title = page.read_text().partition("\n")[0].removeprefix("# ")
        lines.append(f"- [{title}]({page.name})")
    return "\n".join(lines) + "\n"
