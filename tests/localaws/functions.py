"""Make Lambda functions of a few lines of Python."""

import io
import json
import zipfile
from dataclasses import dataclass
from textwrap import dedent
from typing import Any

from localaws import LocalAws

ROLE = "arn:aws:iam::123456789012:role/handler"


def trust(service: str) -> dict[str, Any]:
    """The trust policy of a role that a service assumes."""
    allowed = {
        "Effect": "Allow",
        "Principal": {"Service": f"{service}.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }
    return {"Version": "2012-10-17", "Statement": [allowed]}


def archive(**files: str) -> bytes:
    """A zip with the modules that are given by name."""
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w") as opened:
        for name, source in files.items():
            opened.writestr(f"{name}.py", dedent(source))
    return body.getvalue()


@dataclass
class Answer:
    """What Invoke returned."""

    payload: Any
    error: str | None
    raw: dict[str, Any]


def make_function(aws: LocalAws, name: str, source: str, **settings: Any) -> str:
    """A function whose module ``app`` has ``handler``; returns its ARN."""
    iam = aws.client("iam")
    try:
        iam.get_role(RoleName="handler")
    except iam.exceptions.NoSuchEntityException:
        iam.create_role(RoleName="handler", AssumeRolePolicyDocument=json.dumps(trust("lambda")))
        iam.attach_role_policy(RoleName="handler", PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
    wanted = {"Handler": "app.handler", "Runtime": "python3.12", "Timeout": 20, **settings}
    made = aws.client("lambda").create_function(
        FunctionName=name, Role=ROLE, Code={"ZipFile": archive(app=source)}, **wanted
    )
    return str(made["FunctionArn"])


def invoke(aws: LocalAws, name: str, event: Any = None, **settings: Any) -> Answer:
    """Invoke and read the answer."""
    raw = aws.client("lambda").invoke(FunctionName=name, Payload=json.dumps(event).encode(), **settings)
    body = raw["Payload"].read()
    return Answer(json.loads(body) if body else None, raw.get("FunctionError"), raw)
