"""Code, layers and definitions that a template refers to by local paths: uploaded, or inlined.

This is what ``sam package`` does. A template may come from its sources, or from .aws-sam/build as ``sam
build`` left it.
"""

import copy
import hashlib
import io
import json
import logging
import os
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import yaml

from localaws.cloudformation.problems import Problem

__all__ = ["UNZIPPED_LIMIT", "packaged"]

log = logging.getLogger(__name__)

UNZIPPED_LIMIT = 262_144_000
"""Bytes that a function's code may have unzipped, its layers included."""

_FUNCTIONS = {"AWS::Serverless::Function", "AWS::Lambda::Function"}
_LAYERS = {"AWS::Serverless::LayerVersion", "AWS::Lambda::LayerVersion"}
_MACHINES = {"AWS::Serverless::StateMachine", "AWS::StepFunctions::StateMachine"}
_LEFT_OUT = {
    "__pycache__",
    ".git",
    ".aws-sam",
    ".venv",
    ".mypy_cache",
    ".pytest_cache",
    ".ruff_cache",
    "node_modules",
}

Upload = Callable[[bytes, str], tuple[str, str]]
"""Stores an archive under a name and returns bucket and key."""


def packaged(
    template: Mapping[str, Any], folder: Path, upload: Upload
) -> tuple[dict[str, Any], list[Problem]]:
    """The template with no path below ``folder`` left in it, and what is wrong with those that it had."""
    made = copy.deepcopy(dict(template))
    problems: list[Problem] = []
    packager = _Packager(folder.resolve(), upload, made.get("Globals") or {})
    for logical_id, resource in (made.get("Resources") or {}).items():
        if not isinstance(resource, dict):
            continue
        kind = resource.get("Type")
        properties = resource.setdefault("Properties", {})
        try:
            if kind in _FUNCTIONS:
                packager.function(logical_id, resource, properties)
            elif kind in _LAYERS:
                packager.layer(logical_id, resource, properties)
            elif kind in _MACHINES:
                packager.machine(properties)
        except _Missing as error:
            problems.append(Problem(f"{kind} (logical id {logical_id})", str(error)))
    return made, problems


class _Missing(Exception):
    """A path that does not exist, or a folder that is too large."""


class _Packager:
    def __init__(self, folder: Path, upload: Upload, settings: Mapping[str, Any]) -> None:
        self._folder, self._upload = folder, upload
        self._function_settings: Mapping[str, Any] = settings.get("Function") or {}
        self._built = folder.name == "build" and folder.parent.name == ".aws-sam"
        self._archives: dict[tuple[Path, str], tuple[str, str]] = {}

    def function(self, logical_id: str, resource: dict[str, Any], properties: dict[str, Any]) -> None:
        serverless = resource["Type"] == "AWS::Serverless::Function"
        package = (
            properties.get("PackageType")
            or (serverless and self._function_settings.get("PackageType"))
            or "Zip"
        )
        if package == "Image":
            self._image(logical_id, resource, properties, serverless)
            return
        name = "CodeUri" if serverless else "Code"
        code = properties.get(name)
        if code is None and serverless and "InlineCode" not in properties:
            code = self._function_settings.get("CodeUri")
            if code is None:
                raise _Missing("has neither CodeUri nor InlineCode")
        if isinstance(code, str) and not code.startswith("s3://"):
            bucket, key = self._archive(code, name)
            properties[name] = (
                {"Bucket": bucket, "Key": key} if serverless else {"S3Bucket": bucket, "S3Key": key}
            )

    def _image(
        self, logical_id: str, resource: dict[str, Any], properties: dict[str, Any], serverless: bool
    ) -> None:
        metadata = resource.get("Metadata") or {}
        if "DockerContext" in metadata:
            context = self._path(str(metadata["DockerContext"]), "Metadata.DockerContext")
            if not context.is_dir():
                raise _Missing(
                    f"Metadata.DockerContext is {metadata['DockerContext']!r}, which is not a folder"
                )
            metadata["DockerContext"] = str(context)
        uri = f"localaws/{logical_id.lower()}:sources"
        if serverless:
            properties.setdefault("ImageUri", uri)
        else:
            properties.setdefault("Code", {"ImageUri": uri})

    def layer(self, logical_id: str, resource: dict[str, Any], properties: dict[str, Any]) -> None:
        serverless = resource["Type"] == "AWS::Serverless::LayerVersion"
        name = "ContentUri" if serverless else "Content"
        content = properties.get(name)
        if not isinstance(content, str) or content.startswith("s3://"):
            return
        metadata = resource.get("Metadata") or {}
        method = str(metadata.get("BuildMethod", ""))
        built = self._built or "SamResourceId" in metadata
        if built or not method:
            bucket, key = self._archive(content, name)
        elif method.startswith("python"):
            log.warning(
                "layer %s is used from its sources: install the packages in its requirements.txt in the "
                "environment in which localaws runs",
                logical_id,
            )
            bucket, key = self._archive(content, name, "python/")
        else:
            log.warning(
                "layer %s is built by %s and has not been built, so it is empty: functions use the packages "
                "of the environment in which localaws runs (`sam build` builds it)",
                logical_id,
                method,
            )
            bucket, key = self._stored(_zip_of({}))
        properties[name] = (
            {"Bucket": bucket, "Key": key} if serverless else {"S3Bucket": bucket, "S3Key": key}
        )

    def machine(self, properties: dict[str, Any]) -> None:
        for name in ("DefinitionUri", "DefinitionS3Location"):
            where = properties.get(name)
            if not isinstance(where, str) or where.startswith("s3://"):
                continue
            path = self._path(where, name)
            if not path.is_file():
                raise _Missing(f"{name} is {where!r}, which is not a file")
            text = path.read_text(encoding="utf-8")
            try:
                definition = yaml.safe_load(text) if path.suffix in {".yaml", ".yml"} else json.loads(text)
            except (yaml.YAMLError, ValueError) as error:
                if "${" not in text:
                    raise _Missing(f"{name} is {where!r}, which is neither JSON nor YAML: {error}") from error
                # A substitution without quotes, for a number: JSON only once the value is there.
                bucket, key = self._upload(text.encode(), f"{_hash(text.encode())}.json")
                properties[name] = {"Bucket": bucket, "Key": key}
            else:
                del properties[name]
                properties["Definition"] = definition

    def _path(self, where: str, name: str) -> Path:
        path = (self._folder / where).resolve()
        if not path.exists():
            raise _Missing(f"{name} is {where!r}, but {path} does not exist")
        return path

    def _archive(self, where: str, name: str, prefix: str = "") -> tuple[str, str]:
        path = self._path(where, name)
        if (path, prefix) not in self._archives:
            body = path.read_bytes() if path.is_file() else _zip_of(_files(path, prefix))
            self._archives[path, prefix] = self._stored(body)
        return self._archives[path, prefix]

    def _stored(self, body: bytes) -> tuple[str, str]:
        return self._upload(body, f"{_hash(body)}.zip")


def _hash(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()[:40]


def _files(folder: Path, prefix: str) -> dict[str, Path]:
    found: dict[str, Path] = {}
    size = 0
    for root, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if name not in _LEFT_OUT)
        for name in sorted(names):
            path = Path(root, name)
            if name.endswith(".pyc") or not path.is_file():
                continue
            size += path.stat().st_size
            found[prefix + path.relative_to(folder).as_posix()] = path
    if size > UNZIPPED_LIMIT:
        raise _Missing(
            f"{folder} has {size:,} bytes, but Lambda allows {UNZIPPED_LIMIT:,} unzipped: "
            "remove files, or make the function an image"
        )
    return found


def _zip_of(files: Mapping[str, Path]) -> bytes:
    """The same files always make the same archive, so that unchanged code is recognized."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as opened:
        for name, path in files.items():
            about = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            about.compress_type = zipfile.ZIP_DEFLATED
            about.external_attr = (path.stat().st_mode & 0o777) << 16
            opened.writestr(about, path.read_bytes(), compresslevel=1)
    return archive.getvalue()
