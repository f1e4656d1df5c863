"""The API of the data: the files that a run reads, uploads, and params.json."""

import json
import re
import tempfile
from pathlib import Path
from typing import Any

from stepcast.console.answers import Answer, Refusal, json_answer
from stepcast.console.requests import Request
from stepcast.console.stack import Stack
from stepcast.drafting.draft import Wishes, draft
from stepcast.drafting.errors import CannotDraft
from stepcast.drafting.sample import ROWS, sample_of
from stepcast.pipeline import layout, objects
from stepcast.pipeline.errors import ResourceNotFoundException
from stepcast.pipeline.importing.files.source import CONTENT, FORMATS
from stepcast.pipeline.params import Params
from stepcast.pipeline.problems import Problem
from stepcast.pipeline.read_params import read_params

__all__ = ["Data"]

LISTED = 500  # files of a folder
DRAFTED = 200_000_000  # bytes: larger files are left to the command line
NAME = re.compile(r"[^/\\\x00-\x1f\x7f]{1,200}")


class Data:
    """Of one stack's bucket."""

    def __init__(self, stack: Stack) -> None:
        self._s3, self._bucket = stack.s3, stack.bucket

    def files(self, request: Request) -> Answer:
        """The input files by folder, and params.json with what is wrong with it."""
        del request
        try:
            text = objects.read(self._s3, self._bucket, layout.PARAMS).decode("utf-8", "replace")
        except ResourceNotFoundException:
            text = None
        return json_answer(
            {
                "folders": [self._folder(name, content) for name, content in CONTENT.items()],
                "params": text,
                "problems": [] if text is None else _problems(text),
            }
        )

    def upload(self, request: Request) -> Answer:
        """Put the body into a folder, under a file's name: that starts a run."""
        key = self._key(request)
        if request.size == 0:
            raise Refusal(400, f"{request.text('name')} is empty")
        self._s3.upload_fileobj(request.stream, self._bucket, key)
        return json_answer({"key": key})

    def delete(self, request: Request) -> Answer:
        """Remove an input file."""
        key = self._key(request)
        self._s3.delete_object(Bucket=self._bucket, Key=key)
        return json_answer({"key": key})

    def check_params(self, request: Request) -> Answer:
        """What is wrong with a text of params.json."""
        return json_answer({"problems": _problems(_text(request))})

    def save_params(self, request: Request) -> Answer:
        """Put params.json into the bucket, which starts a run; refused if it has an error."""
        text = _text(request)
        problems = _problems(text)
        if any(problem["severity"] == "error" for problem in problems):
            raise Refusal(400, "params.json has errors: correct them first", problems=problems)
        objects.write(self._s3, self._bucket, layout.PARAMS, text)
        return json_answer({"problems": problems})

    def draft(self, request: Request) -> Answer:
        """A params.json for the files under ``train/``, and what was assumed; nothing is saved."""
        del request
        entries = [
            one for one in objects.entries(self._s3, self._bucket, layout.TRAIN) if _is_read(one["Key"])
        ]
        if not entries:
            raise Refusal(400, "there are no files under train/ to draft params.json for")
        if sum(entry["Size"] for entry in entries) > DRAFTED:
            raise Refusal(400, f"the files are large: use stepcast init, which reads the first {ROWS:,} rows")
        with tempfile.TemporaryDirectory() as folder:
            paths = []
            for number, entry in enumerate(entries):
                paths.append(Path(folder) / str(number) / entry["Key"].rpartition("/")[2])
                paths[-1].parent.mkdir()
                self._s3.download_file(self._bucket, entry["Key"], str(paths[-1]))
            return _drafted(paths, folder)

    def draft_of(self, request: Request) -> Answer:
        """A params.json for the file in the body, as for those in the bucket; nothing is saved."""
        name = self._key(request).removeprefix(layout.TRAIN)
        if request.size > DRAFTED:
            raise Refusal(413, f"{name} is large: use stepcast init, which reads the first {ROWS:,} rows")
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "0" / name
            path.parent.mkdir()
            with path.open("wb") as file:
                request.save(file)
            return _drafted([path], folder)

    def schema(self, request: Request) -> Answer:
        """The JSON schema of params.json, for the form."""
        del request
        return json_answer(Params.model_json_schema(by_alias=True))

    def _folder(self, name: str, content: str) -> dict[str, Any]:
        entries = [
            one for one in objects.entries(self._s3, self._bucket, name) if not one["Key"].endswith("/")
        ]
        return {
            "name": name,
            "content": content,
            "total": len(entries),
            "bytes": sum(entry["Size"] for entry in entries),
            "files": [
                {
                    "name": entry["Key"].removeprefix(name),
                    "bytes": entry["Size"],
                    "modified": entry["LastModified"],
                }
                for entry in entries[:LISTED]
            ],
        }

    def _key(self, request: Request) -> str:
        folder = request.choice("folder", tuple(CONTENT), layout.TRAIN)
        name = request.text("name")
        if not NAME.fullmatch(name) or name.startswith("."):
            raise Refusal(400, f"{name!r} is not the name of a file")
        if not _is_read(name):
            raise Refusal(400, f"{name} is not read: a file's name must end in {', '.join(FORMATS)}")
        return folder + name


def _drafted(paths: list[Path], folder: str) -> Answer:
    try:
        made = draft(sample_of(paths), Wishes())
    except CannotDraft as error:
        raise Refusal(400, re.sub(rf"{re.escape(folder)}/\d+/", layout.TRAIN, str(error))) from None
    return json_answer(
        {
            "text": json.dumps(made.params, indent=2, ensure_ascii=False) + "\n",
            "assumed": [[one.what, one.value, one.why] for one in made.assumptions],
            "obstacles": made.obstacles,
        }
    )


def _is_read(key: str) -> bool:
    return key.lower().endswith(tuple(FORMATS))


def _text(request: Request) -> str:
    text = request.document().get("text")
    if not isinstance(text, str):
        raise Refusal(400, "text must be that of params.json")
    return text


def _problems(text: str) -> list[dict[str, Any]]:
    _, problems = read_params(text.encode("utf-8", "replace"))
    return [_described(problem) for problem in problems]


def _described(problem: Problem) -> dict[str, Any]:
    return {
        "rule": problem.rule,
        "severity": problem.severity,
        "where": problem.where,
        "message": problem.message,
        "remedy": problem.remedy,
    }
