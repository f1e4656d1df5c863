"""The response to a denied request, in the words of each AWS service."""

from localaws.iam.calls import Call
from localaws.iam.evaluation import Access, Decision
from localaws.iam.principals import Principal

__all__ = ["Refused", "denied", "message"]

# Status and code; every other service answers 400 AccessDeniedException.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
_ANSWERS = {
    "iam": (403, "AccessDenied"),
    "lambda": (403, "AccessDeniedException"),
    "s3": (403, "AccessDenied"),
    "sns": (403, "AuthorizationError"),
    "sqs": (403, "AccessDenied"),
    "cloudwatch": (403, "AccessDenied"),
    "sts": (403, "AccessDenied"),
}


class Refused(Exception):
    """A request that is answered with an error instead of being done."""

    def __init__(self, status: int, code: str, text: str) -> None:
        super().__init__(status, code, text)
        self.status, self.code, self.text = status, code, text

    def __str__(self) -> str:
        return self.text


def message(principal: Principal, access: Access, decision: Decision) -> str:
    """AWS's words: who may not do what on which resource, and why."""
    resource = f'"{access.resource}"' if access.action.startswith("s3:") else access.resource
    return (
        f"User: {principal.arn} is not authorized to perform: {access.action} on resource: {resource} "
        f"{decision.reason}"
    )


def denied(call: Call, principal: Principal, access: Access, decision: Decision) -> Refused:
    """The refusal of a request for one access that it needs."""
    status, code = _ANSWERS.get(call.service, (400, "AccessDeniedException"))
    return Refused(status, code, message(principal, access, decision))
