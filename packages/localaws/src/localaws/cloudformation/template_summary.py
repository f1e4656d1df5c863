"""GetTemplateSummary and ValidateTemplate, by the reader that deploys the template.

moto (5.2.5, cloudformation/responses.py) answers 500 for a template without AWSTemplateFormatVersion, and
validates by writing a file into the working directory.
"""

import json
from contextlib import ExitStack
from typing import Any

import moto.cloudformation.responses as responses
from moto.cloudformation.exceptions import ValidationError
from moto.cloudformation.responses import CloudFormationResponse
from moto.core.responses import ActionResult

from localaws.cloudformation.parameters import spelled
from localaws.cloudformation.yaml_text import TemplateSyntax, read_template
from localaws.patching import replace

__all__ = ["patch"]


def _read(text: str) -> dict[str, Any]:
    try:
        return read_template(text)
    except TemplateSyntax as error:
        raise ValidationError(message=f"Template format error: {error}") from error


def _parameters(template: dict[str, Any]) -> list[dict[str, Any]]:
    found = []
    for name, about in (template.get("Parameters") or {}).items():
        parameter = {
            "ParameterKey": name,
            "ParameterType": about.get("Type", "String"),
            "NoEcho": str(about.get("NoEcho", False)).lower() == "true",
            "Description": about.get("Description", ""),
            "ParameterConstraints": {},
        }
        if "Default" in about:
            parameter["DefaultValue"] = spelled(about["Default"])
        if "AllowedValues" in about:
            parameter["ParameterConstraints"] = {"AllowedValues": [*map(spelled, about["AllowedValues"])]}
        found.append(parameter)
    return found


def _transforms(template: dict[str, Any]) -> list[str]:
    named = template.get("Transform") or []
    return [named] if isinstance(named, str) else [str(name) for name in named]


def _summary(template_body: str) -> dict[str, Any]:
    template = _read(template_body)
    resources = (template.get("Resources") or {}).values()
    summary = {
        "Parameters": _parameters(template),
        "Description": template.get("Description"),
        "ResourceTypes": sorted({str(about["Type"]) for about in resources if "Type" in about}),
        "Version": template.get("AWSTemplateFormatVersion"),
        "DeclaredTransforms": _transforms(template),
    }
    if "Metadata" in template:
        summary["Metadata"] = json.dumps(template["Metadata"], default=str)
    return summary


def _validate(self: Any) -> ActionResult:
    url, body = self._get_param("TemplateURL"), self._get_param("TemplateBody")
    if not url and not body:
        raise ValidationError(message="Either Template URL or Template Body must be specified.")
    template = _read(self._get_stack_from_s3_url(url) if url else body)
    if not template.get("Resources"):
        raise ValidationError(message="Template format error: At least one Resources member must be defined.")
    return ActionResult(
        {
            "Description": template.get("Description", ""),
            "Parameters": _parameters(template),
            "Capabilities": [],
            "DeclaredTransforms": _transforms(template),
        }
    )


def patch(undo: ExitStack) -> None:
    """Answer from the template as it is deployed."""
    replace(undo, responses, "get_template_summary_response_from_template", _summary)
    replace(undo, CloudFormationResponse, "validate_template", _validate)
