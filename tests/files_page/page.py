"""docs/how-to/files.md: its example files, and the import's messages for them."""

import json
import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stepcast.pipeline import layout
from tests.pipeline.given import params_document
from tests.pipeline.imports import check_keys

__all__ = ["PAGE", "Example", "examples", "messages", "rewritten"]

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "files.md"
BLOCK = re.compile(r"^```(csv|text) ?([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SETTING = re.compile(r"`(ForecastFrequency|DataFrequency|TimestampFormat)` `([^`]+)`")
FURTHER = {
    layout.RELATED: (
        "RELATED_TIME_SERIES",
        {"item_id": "string", "timestamp": "timestamp", "price": "float"},
    ),
    layout.METADATA: ("ITEM_METADATA", {"item_id": "string", "brand": "string"}),
}


@dataclass(frozen=True)
class Example:
    """Files by key, the text before them on the page, and the position of their messages."""

    files: dict[str, str]
    before: str
    shown: str
    span: tuple[int, int]


def examples(text: str) -> Iterator[Example]:
    files: dict[str, str] = {}
    begin = 0
    for block in BLOCK.finditer(text):
        kind, name, content = block.groups()
        if kind == "csv":
            files[name] = content
        else:
            yield Example(files, text[begin : block.start()], content, block.span(3))
            files, begin = {}, block.end()


def messages(example: Example) -> str:
    """The import's messages for the files of an example, one per line."""
    with tempfile.TemporaryDirectory() as folder:
        keys = {}
        for number, (key, content) in enumerate({**example.files, layout.PARAMS: _params(example)}.items()):
            keys[key] = Path(folder) / str(number)
            keys[key].write_text(content, encoding="utf-8", newline="")
        report = check_keys(keys).report
    lines = [f"{problem.severity} {problem}\n" for problem in report.problems]
    return "".join(lines) or "no problems\n"


def rewritten(text: str) -> str:
    """The page with the current messages."""
    made, done = "", 0
    for example in examples(text):
        begin, end = example.span
        made += text[done:begin] + messages(example)
        done = end
    return made + text[done:]


def _params(example: Example) -> str:
    """params.json with the settings named before the files, and datasets for related series and metadata."""
    asked = dict(SETTING.findall(example.before))
    document: dict[str, Any] = params_document(
        Predictor__ForecastHorizon=1,
        Predictor__FeaturizationConfig__ForecastFrequency=asked.get("ForecastFrequency", "D"),
        Datasets__0__DataFrequency=asked.get("DataFrequency", asked.get("ForecastFrequency", "D")),
        TimestampFormat=asked.get("TimestampFormat", "yyyy-MM-dd"),
    )
    for folder, (kind, columns) in FURTHER.items():
        if f"`{kind}`" in example.before:
            attributes = [{"AttributeName": name, "AttributeType": of} for name, of in columns.items()]
            document["Datasets"].append(
                {
                    "DatasetName": kind.title(),
                    "Domain": "CUSTOM",
                    "DatasetType": kind,
                    "Schema": {"Attributes": attributes},
                    **({"DataFrequency": "D"} if folder == layout.RELATED else {}),
                }
            )
    return json.dumps(document)
