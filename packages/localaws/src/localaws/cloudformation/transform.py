"""The SAM transform, as AWS runs it: aws-sam-translator, without network or credentials."""

import copy
import json
import logging
from collections.abc import Mapping
from typing import Any

from localaws.aws_session import aws_session
from localaws.cloudformation.problems import Problem
from localaws.iam.managed_policies import managed_policy_arns

__all__ = ["SAM", "NotTransformed", "transformed"]

SAM = "AWS::Serverless-2016-10-31"


class NotTransformed(Exception):
    """A template that the transform refuses, with all its problems."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__(problems)
        self.problems = problems


def transformed(template: dict[str, Any], parameters: Mapping[str, Any], region: str) -> dict[str, Any]:
    """The template with its transforms applied; the same template when it names none.

    Raises:
        NotTransformed: SAM refuses the template, or it names another transform.
    """
    named = template.get("Transform") or []
    transforms = [named] if isinstance(named, str) else list(named)
    if unknown := [str(name) for name in transforms if name != SAM]:
        raise NotTransformed(
            [Problem("Transform", f"{', '.join(unknown)} is not supported by localaws: only {SAM} is")]
        )
    if not transforms:
        return template
    return _sam(template, parameters, region)


def _sam(template: dict[str, Any], parameters: Mapping[str, Any], region: str) -> dict[str, Any]:
    # Imported here: 0.3 s that a template without SAM need not pay.
    from samtranslator.model.exceptions import InvalidDocumentException
    from samtranslator.parser.parser import Parser
    from samtranslator.translator.arn_generator import ArnGenerator
    from samtranslator.translator.translator import Translator
    from samtranslator.utils.py27hash_fix import (
        to_py27_compatible_template,
        undo_mark_unicode_str_in_template,
    )

    fragment, values = copy.deepcopy(template), dict(parameters)
    # Its metrics are for AWS; it warns that nobody collects them.
    logging.getLogger("samtranslator.metrics").setLevel(logging.ERROR)
    before = ArnGenerator.BOTO_SESSION_REGION_NAME
    try:
        to_py27_compatible_template(fragment, values)  # logical ids with hashes come out as AWS makes them
        translator = Translator(managed_policy_arns(), Parser(), boto_session=aws_session(region))
        made = translator.translate(
            fragment, parameter_values=values, get_managed_policy_map=managed_policy_arns
        )
        result = undo_mark_unicode_str_in_template(made)
    except InvalidDocumentException as error:
        raise NotTransformed([Problem("SAM", cause.message) for cause in error.causes]) from error
    finally:
        ArnGenerator.BOTO_SESSION_REGION_NAME = before
    plain: dict[str, Any] = json.loads(json.dumps(result))
    plain.pop("Transform", None)
    return plain
