"""Read templates: JSON or YAML with CloudFormation's short forms (``!Ref``, ``!GetAtt``, ``!Sub`` ...)."""

from typing import Any

import yaml

__all__ = ["TemplateSyntax", "read_template"]


class TemplateSyntax(ValueError):
    """The text is not a template. The message contains the place and the reason."""


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]  # libyaml's: tenfold as fast
    """YAML without times: ``Version: 2012-10-17`` is a string in a template."""


_Loader.yaml_implicit_resolvers = {
    letter: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for letter, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def _short_form(loader: _Loader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    name = suffix if suffix in {"Ref", "Condition"} else f"Fn::{suffix}"
    if isinstance(node, yaml.ScalarNode):
        value: Any = loader.construct_scalar(node)
        if suffix == "GetAtt":
            value = str(value).split(".", 1)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        assert isinstance(node, yaml.MappingNode)  # noqa: S101 - there is no fourth kind
        value = loader.construct_mapping(node, deep=True)
    return {name: value}


_Loader.add_multi_constructor("!", _short_form)


def read_template(text: str) -> dict[str, Any]:
    """The template that ``text`` holds, short forms spelled out.

    Raises:
        TemplateSyntax: it is not YAML or JSON, or not a mapping.

    >>> read_template("A: !Sub '${B}-c'\\nV: 2012-10-17")
    {'A': {'Fn::Sub': '${B}-c'}, 'V': '2012-10-17'}
    """
    try:
        template = yaml.load(text, Loader=_Loader)  # noqa: S506 - the loader is SafeLoader's child
    except yaml.YAMLError as error:
        raise TemplateSyntax(f"the template is not YAML: {error}") from error
    if not isinstance(template, dict):
        raise TemplateSyntax("the template is not a mapping with Resources")
    return template
