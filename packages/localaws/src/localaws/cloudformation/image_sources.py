"""The sources that are run instead of a function's image: the folder from which it is built.

localaws runs no images. ``sam build`` leaves ``Metadata.DockerContext`` as an absolute path in the template
that ``sam deploy`` sends; in a template that was not built it is relative.
"""

import copy
import json
import re
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from localaws.cloudformation.resource import tag_map
from localaws.lambda_.tags import REVISION_TAG, TASK_ROOT_TAG

__all__ = ["revise", "with_sources"]

_COMMAND = re.compile(r"^\s*CMD\s+(\[.*\])\s*$", re.MULTILINE)


def with_sources(template: dict[str, Any], folder: Path) -> dict[str, Any]:
    """The template (without SAM) with every image function tagged with the folder of its sources.

    A relative context is taken from ``folder``, if its Dockerfile is there. A function without sources is
    left alone, and refused by its resource type.
    """
    made = copy.deepcopy(template)
    for resource in _images(made):
        metadata, properties = resource.get("Metadata") or {}, resource["Properties"]
        if "DockerContext" not in metadata or TASK_ROOT_TAG in tag_map(properties.get("Tags")):
            continue
        named = Path(str(metadata["DockerContext"]))
        context = (folder / named).resolve()
        dockerfile = context / str(metadata.get("Dockerfile", "Dockerfile"))
        if not (dockerfile.is_file() or (named.is_absolute() and context.is_dir())):
            continue
        _tag(properties, TASK_ROOT_TAG, str(context))
        commands = _COMMAND.findall(dockerfile.read_text("utf-8")) if dockerfile.is_file() else []
        config = properties.setdefault("ImageConfig", {})
        if commands and not config.get("Command"):
            config["Command"] = json.loads(commands[-1])
    return made


def revise(resources: dict[str, Any]) -> None:
    """Replace the workers at every deployment: the sources may have changed."""
    for resource in _images({"Resources": resources}):
        if TASK_ROOT_TAG in tag_map(resource["Properties"].get("Tags")):
            _tag(resource["Properties"], REVISION_TAG, uuid.uuid4().hex)


def _images(template: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for resource in (template.get("Resources") or {}).values():
        if isinstance(resource, dict) and resource.get("Type") == "AWS::Lambda::Function":
            properties = resource.get("Properties")
            if isinstance(properties, dict) and properties.get("PackageType") == "Image":
                yield resource


def _tag(properties: dict[str, Any], key: str, value: str) -> None:
    others = [tag for tag in properties.get("Tags") or [] if tag["Key"] != key]
    properties["Tags"] = [*others, {"Key": key, "Value": value}]
