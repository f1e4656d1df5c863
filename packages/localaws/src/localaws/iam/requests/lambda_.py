"""Requests to Lambda: their actions and functions.

Source: https://docs.aws.amazon.com/service-authorization/latest/reference/list_awslambda.html
"""

from localaws.iam.calls import Call
from localaws.iam.evaluation import Access
from localaws.iam.requests.passed_roles import passing

__all__ = ["accesses", "function_arn"]

_ACTIONS = {"Invoke": "InvokeFunction", "InvokeAsync": "InvokeFunction"}
_OF_LAYERS = {"GetLayerVersion", "DeleteLayerVersion", "PublishLayerVersion", "ListLayerVersions"}
_OF_NOTHING = {"ListFunctions", "ListLayers", "ListEventSourceMappings", "GetAccountSettings"}


def accesses(call: Call) -> list[Access]:
    """What the request needs."""
    parameters, operation = call.parameters, call.operation
    action = f"lambda:{_ACTIONS.get(operation, operation)}"
    if operation in _OF_NOTHING:
        return [Access(action, "*")]
    if operation in _OF_LAYERS:
        layer = f"arn:aws:lambda:{call.region}:{call.account}:layer:{parameters.get('LayerName', '*')}"
        version = parameters.get("VersionNumber")
        return [Access(action, f"{layer}:{version}" if version else layer)]
    if "EventSourceMapping" in operation:
        name = parameters.get("FunctionName")
        context = {"lambda:functionarn": (function_arn(call, str(name)),)} if name else {}
        uuid = parameters.get("UUID")
        mapping = f"arn:aws:lambda:{call.region}:{call.account}:event-source-mapping:{uuid}"
        return [Access(action, mapping if uuid else "*", context)]
    if resource := parameters.get("Resource"):  # of tags
        return [Access(action, str(resource))]
    arn = function_arn(call, str(parameters.get("FunctionName", "*")), parameters.get("Qualifier"))
    return [Access(action, arn), *passing(parameters.get("Role"), "lambda.amazonaws.com")]


def function_arn(call: Call, name: str, qualifier: str | None = None) -> str:
    """A function's ARN from its name, ``name:qualifier``, ``account:function:name`` or ARN."""
    if not name.startswith("arn:"):
        name = name.rpartition("function:")[2]
        name = f"arn:aws:lambda:{call.region}:{call.account}:function:{name}"
    # Permissions on $LATEST are those on the function.
    return f"{name}:{qualifier}" if qualifier and qualifier != "$LATEST" else name.removesuffix(":$LATEST")
