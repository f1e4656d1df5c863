"""Fixtures for the tests of a SAM project: ``localaws`` runs it, ``deployed_stack`` is its template deployed.

Settings, in pytest's configuration:

``localaws_template``    the template, relative to the folder of that file; ``template.yaml`` by default.
``localaws_stack``       the stack's name; ``test`` by default.
``localaws_parameters``  the template's parameters, a line ``Name=value`` each.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:  # moto takes a second, which tests that ask for no fixture need not wait for
    from localaws.deployment import Deployment
    from localaws.server import LocalAws

__all__ = ["deployed_stack", "localaws", "pytest_addoption"]

TEMPLATE, STACK, PARAMETERS = "localaws_template", "localaws_stack", "localaws_parameters"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the settings."""
    parser.addini(TEMPLATE, "template that deployed_stack deploys", default="template.yaml")
    parser.addini(STACK, "name of the stack that deployed_stack deploys", default="test")
    parser.addini(PARAMETERS, "parameters of that template: Name=value", type="linelist")


@pytest.fixture(scope="session")
def localaws() -> "Iterator[LocalAws]":
    """AWS on this machine for the session; boto3 and the AWS CLI find it in the environment."""
    from localaws.server import LocalAws

    with LocalAws() as aws, pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", aws.endpoint)
        patch.setenv("AWS_DEFAULT_REGION", aws.region)
        patch.setenv("AWS_ACCESS_KEY_ID", "local")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "local")
        for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN"):
            patch.delenv(name, raising=False)
        yield aws


@pytest.fixture(scope="session")
def deployed_stack(localaws: "LocalAws", pytestconfig: pytest.Config) -> "Deployment":
    """The project's template, deployed for the session: its ``outputs``, and ``resources`` by logical id."""
    root = pytestconfig.inipath.parent if pytestconfig.inipath else pytestconfig.rootpath
    parameters = {}
    for line in pytestconfig.getini(PARAMETERS):
        name, equals, value = line.partition("=")
        if not equals:
            raise pytest.UsageError(f"{PARAMETERS} has {line!r}: write Name=value")
        parameters[name.strip()] = value.strip()
    template = root / str(pytestconfig.getini(TEMPLATE))
    if not template.is_file():
        raise pytest.UsageError(f"there is no template {template}: say where it is with {TEMPLATE}")
    return localaws.deploy(template, pytestconfig.getini(STACK), parameters)
