"""Decides about every request, and about what services do for one another.

Sessions of roles, IAM users and services need permission. A caller that signs with another key (``test``,
say) is the account's administrator, whom only a bucket policy can deny something. Without a signature, a
caller is anonymous and has what a bucket policy grants to everybody.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from localaws.iam import policy_checks
from localaws.iam.access_keys import AccessKeys, access_key_of, find_role, region_of, role_session
from localaws.iam.calls import Call
from localaws.iam.evaluation import Access, Decision, Policies, evaluate
from localaws.iam.patterns import Context
from localaws.iam.policies import bucket_policy, find_bucket, find_function, policies_for
from localaws.iam.principals import Principal
from localaws.iam.refusals import Refused, denied, message
from localaws.iam.requests import needed
from localaws.iam.requests.lambda_ import function_arn
from localaws.iam.requests.s3 import bucket_and_key

__all__ = ["MACHINE_SESSION", "SENDING", "Decided", "Guard"]

MACHINE_SESSION = "StepFunctions"  # AWS makes a name up for each execution

# The action that sends something to a receiver, by its service.
SENDING = {
    "lambda": "lambda:InvokeFunction",
    "sns": "sns:Publish",
    "sqs": "sqs:SendMessage",
    "states": "states:StartExecution",
}

# What Lambda calls with a function's role to read an event source; ListStreams names no stream.
# https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html and
# https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-eventsourcemapping.html
_READING = {
    "dynamodb": ("DescribeStream", "GetRecords", "GetShardIterator"),
    "kinesis": ("DescribeStream", "GetRecords", "GetShardIterator"),
    "sqs": ("ReceiveMessage", "DeleteMessage", "GetQueueAttributes"),
}
_TOKENS = {"GetFederationToken", "GetSessionToken"}  # moto hands out the same key to all
_ALWAYS_THE_OWNERS = {"s3:DeleteBucketPolicy", "s3:GetBucketPolicy", "s3:PutBucketPolicy"}


@dataclass(frozen=True, slots=True)
class Decided:
    """A decision and its inputs: ``evaluate`` of the first four fields returns the last."""

    access: Access
    principal: Principal
    context: Context
    policies: Policies
    decision: Decision


def _may_be_denied_to_all(call: Call) -> bool:
    """Whether a policy may apply even to the administrator."""
    if call.service == "s3":
        return bucket_policy(bucket_and_key(call)[0]) is not None
    return call.service == "sts" and call.operation == "AssumeRole"


class Guard:
    """``enforced`` False makes administrators of roles and users, and lets services do everything."""

    def __init__(self, keys: AccessKeys, account: str, region: str, *, enforced: bool) -> None:
        self.keys, self.enforced = keys, enforced
        self._account, self._region = account, region
        self._administrator = Principal(
            "Account", f"arn:aws:iam::{account}:root", account, user_id=account, name=""
        )
        self._nobody = Principal("Anonymous", "anonymous", "")
        self._current = threading.local()
        self._recorders: list[list[Decided]] = []

    def __call__(self, environ: dict[str, Any]) -> None:
        """Check a request.

        Raises:
            Refused: it is not allowed, or contains a policy that cannot be evaluated.
        """
        call = Call(environ, self._account, region_of(environ) or self._region)
        principal = self._principal(environ, call)
        self._current.principal, self._current.denied, self._current.public = principal, frozenset(), False
        policy_checks.check(call)
        self._check_event_source(call)
        if principal.kind == "Account":
            if not _may_be_denied_to_all(call):
                return
        elif principal.kind == "Anonymous" and call.service != "s3":
            return  # who may come unsigned is not decided here
        if call.service == "sts" and principal.kind != "Anonymous" and call.operation in _TOKENS:
            reason = f"{call.operation} is not supported by localaws for {principal.arn}: use AssumeRole"
            raise Refused(501, "NotImplemented", reason)
        accesses = needed(call)
        if not accesses:
            return
        context = self._context(principal, environ, call)
        if call.service == "s3" and call.method == "POST" and "delete" in call.query:
            self._current.denied = frozenset(
                access.resource for access in accesses if not self._decide(access, principal, context).allowed
            )
            return  # each key is answered for itself
        for access in accesses:
            decision = self._decide(access, principal, context)
            if principal.kind == "Anonymous":
                if decision.allowed:
                    self._current.public = True
                elif decision.by is None:
                    continue  # no policy grants it to everybody: moto checks the ACL
            if not decision.allowed:
                raise denied(call, principal, access, decision)
            self._require_list_of_missing(call, principal, access, context)

    def current(self) -> Principal:
        """The principal of the request that this thread answers; the administrator if there is none."""
        return getattr(self._current, "principal", self._administrator)

    def of_bucket(self, resource: str) -> bool | None:
        """What moto may know about an object of the request at hand: True, public; False, denied."""
        if resource in getattr(self._current, "denied", ()):
            return False
        return True if getattr(self._current, "public", False) else None

    def session(self, role_arn: str, session_name: str) -> Principal:
        """The principal that a role's session is; the administrator where roles are not enforced."""
        return role_session(role_arn, session_name) if self.enforced else self._administrator

    def machine(self, role_arn: str) -> Principal:
        """Who a state machine of that role acts as.

        AWS would not make a machine with a role that does not exist. Here it may do everything, so that who
        only tries a definition need not make a role.
        """
        return self._administrator if find_role(role_arn) is None else self.session(role_arn, MACHINE_SESSION)

    def problem(self, principal: Principal, access: Access, **context: str) -> str | None:
        """AWS's message of why this is denied; None when it is allowed. ``context``: SourceArn and so on."""
        if principal.kind == "Account":
            return None
        given = {f"aws:{name.lower()}": (value,) for name, value in context.items()}
        made = {**self._about(principal), "aws:requestedregion": (self._region,), **given}
        decision = self._decide(access, principal, made)
        return None if decision.allowed else message(principal, access, decision)

    def upload_problem(self, access_key: str, bucket: str, key: str) -> str | None:
        """Why the owner of that key may not upload by a form signed with it, or None."""
        principal = (self.keys.principal(access_key) if self.enforced else None) or self._administrator
        return self.problem(principal, Access("s3:PutObject", f"arn:aws:s3:::{bucket}/{key}"))

    def service_problem(
        self, service: str, action: str, resource: str, source_arn: str, source_account: str = ""
    ) -> str | None:
        """Why a service (``s3.amazonaws.com``) may not do this on behalf of ``source_arn``, or None."""
        if not self.enforced:
            return None
        account = source_account or source_arn.split(":")[4]
        principal = Principal("Service", service, "", name=service)
        return self.problem(principal, Access(action, resource), SourceArn=source_arn, SourceAccount=account)

    @contextmanager
    def recording(self) -> Iterator[list[Decided]]:
        """A list of every decision about sessions, users and services while the block runs."""
        made: list[Decided] = []
        self._recorders.append(made)
        try:
            yield made
        finally:
            self._recorders.remove(made)

    def _principal(self, environ: dict[str, Any], call: Call) -> Principal:
        key = access_key_of(environ, call.query.get)
        if key is None:
            return self._nobody
        if self.enforced and (problem := self.keys.problem(key)):
            raise Refused(403, *problem)
        return (self.keys.principal(key) if self.enforced else None) or self._administrator

    def _decide(self, access: Access, principal: Principal, context: Context) -> Decision:
        if principal.kind == "Account" and access.action in _ALWAYS_THE_OWNERS:
            return Decision(True)
        policies = policies_for(principal, access)
        account = access.resource.split(":")[4] if access.resource.count(":") >= 5 else ""
        whole = {
            **context,
            "aws:resourceaccount": (account or self._account,),
            "s3:resourceaccount": (account or self._account,),
            **access.context,
        }
        if access.resource.count(":") >= 5 and access.resource.startswith("arn:aws:lambda:"):
            whole.setdefault("lambda:functionarn", (access.resource,))
        decision = evaluate(access, principal, whole, policies)
        if self._recorders and principal.kind not in {"Account", "Anonymous"}:
            for recorder in self._recorders:
                recorder.append(Decided(access, principal, whole, policies, decision))
        return decision

    def _check_event_source(self, call: Call) -> None:
        """Lambda reads a queue or stream for a function with the function's role, and tries at once."""
        if call.service != "lambda" or call.method != "POST" or "/event-source-mappings" not in call.path:
            return
        source = str(call.parameters.get("EventSourceArn", ""))
        kind = source.split(":")[2] if source.count(":") >= 5 else ""
        _, _, _, region, account, *rest = function_arn(
            call, str(call.parameters.get("FunctionName", ""))
        ).split(":")
        known = find_function(account, region, rest[1]) if len(rest) > 1 else None
        if known is None or kind not in _READING:
            return
        session = self.session(known.role, known.function_name)
        for name in _READING[kind]:
            if self.problem(session, Access(f"{kind}:{name}", source)):
                raise Refused(
                    400,
                    "InvalidParameterValueException",
                    f"The function execution role does not have permissions to call {name} on "
                    f"{'SQS' if kind == 'sqs' else source}",
                )

    def _require_list_of_missing(
        self, call: Call, principal: Principal, access: Access, context: Context
    ) -> None:
        """S3 says 404 of an object that is not there only to who may list the bucket, else 403.

        Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html, Permissions
        """
        if access.action not in {"s3:GetObject", "s3:GetObjectVersion"} or principal.kind != "AssumedRole":
            return
        bucket, _, key = access.resource.removeprefix("arn:aws:s3:::").partition("/")
        found = find_bucket(bucket)
        if found is None or key in found.keys:
            return
        listing = Access("s3:ListBucket", f"arn:aws:s3:::{bucket}")
        decision = self._decide(listing, principal, context)
        if not decision.allowed:
            raise denied(call, principal, listing, decision)

    def _context(self, principal: Principal, environ: dict[str, Any], call: Call) -> Context:
        made = {**self._about(principal), "aws:requestedregion": (call.region,)}
        made["aws:sourceip"] = (str(environ.get("REMOTE_ADDR", "127.0.0.1")),)
        for name in ("Referer", "User-Agent"):
            if value := call.header(name):
                made["aws:" + name.lower().replace("-", "")] = (value,)
        if call.service == "s3":
            made["s3:signatureversion"], made["s3:tlsversion"] = ("AWS4-HMAC-SHA256",), ("1.3",)
        return made

    def _about(self, principal: Principal) -> dict[str, tuple[str, ...]]:
        """Condition keys about who asks, and when. All counts as sent over TLS: nothing leaves here."""
        now = time.time()
        made: dict[str, tuple[str, ...]] = {
            "aws:currenttime": (datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),),
            "aws:epochtime": (str(int(now)),),
            "aws:principalisawsservice": (str(principal.kind == "Service").lower(),),
            "aws:securetransport": ("true",),
            "aws:viaawsservice": ("false",),
        }
        if principal.kind == "Service":
            made["aws:principalservicename"] = (principal.name,)
            return made
        made["aws:principaltype"] = (principal.kind,)
        if principal.kind == "Anonymous":
            return made
        # A session's aws:PrincipalArn is its role's.
        made["aws:principalarn"] = (principal.role_arn or principal.arn,)
        made["aws:principalaccount"] = (principal.account,)
        made["aws:userid"] = (principal.user_id,)
        if principal.kind == "User":
            made["aws:username"] = (principal.name,)
        for key, value in principal.tags:
            made[f"aws:principaltag/{key.lower()}"] = (value,)
        return made
