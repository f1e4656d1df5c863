"""Make Lambda functions of a few lines of Python."""

import io
import json
import zipfile
from dataclasses import dataclass
from textwrap import dedent
from typing import Any

from localaws import LocalAws
from tests.localaws.policies import trust

ROLE = "arn:aws:iam::123456789012:role/handler"


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
    """A function whose module ``app`` has ``handler``; returns its ARN.

    Its role may do everything, and every service may invoke it.
    """
    iam = aws.client("iam")
    try:
        iam.get_role(RoleName="handler")
    except iam.exceptions.NoSuchEntityException:
        iam.create_role(RoleName="handler", AssumeRolePolicyDocument=trust("lambda"))
        iam.attach_role_policy(RoleName="handler", PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
    wanted = {
        "Role": ROLE,
        "Handler": "app.handler",
        "Runtime": "python3.12",
        "Timeout": 20,
        "Code": {"ZipFile": archive(app=source)},
        **settings,
    }
    made = aws.client("lambda").create_function(FunctionName=name, **wanted)
    for service in ("events", "s3", "sns"):
        aws.client("lambda").add_permission(
            FunctionName=name,
            StatementId=service,
            Action="lambda:InvokeFunction",
            Principal=f"{service}.amazonaws.com",
        )
    return str(made["FunctionArn"])


def invoke(aws: LocalAws, name: str, event: Any = None, **settings: Any) -> Answer:
    """Invoke and read the answer."""
    raw = aws.client("lambda").invoke(FunctionName=name, Payload=json.dumps(event).encode(), **settings)
    body = raw["Payload"].read()
    return Answer(json.loads(body) if body else None, raw.get("FunctionError"), raw)
