"""Requests to SNS, SQS and EventBridge: their actions, topics, queues, buses and rules.

Source: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsns.html,
list_amazonsqs.html and list_amazoneventbridge.html beside it
"""

from localaws.iam.calls import Call
from localaws.iam.evaluation import Access
from localaws.iam.requests.passed_roles import passing

__all__ = ["events_accesses", "sns_accesses", "sqs_accesses"]

_BATCHES = {
    "ChangeMessageVisibilityBatch": "ChangeMessageVisibility",
    "DeleteMessageBatch": "DeleteMessage",
    "PublishBatch": "Publish",
    "SendMessageBatch": "SendMessage",
}


def sns_accesses(call: Call) -> list[Access]:
    """Of SNS."""
    parameters = call.parameters
    arn = parameters.get("TopicArn") or parameters.get("TargetArn") or parameters.get("ResourceArn")
    if not arn and (subscription := parameters.get("SubscriptionArn")):
        arn = subscription.rpartition(":")[0]
    if call.operation == "CreateTopic":
        arn = f"arn:aws:sns:{call.region}:{call.account}:{parameters.get('Name')}"
    context = {
        f"sns:{name.lower()}": (str(parameters[name]),)
        for name in ("Endpoint", "Protocol")
        if name in parameters
    }
    return [Access(f"sns:{_BATCHES.get(call.operation, call.operation)}", str(arn or "*"), context)]


def sqs_accesses(call: Call) -> list[Access]:
    """Of SQS."""
    parameters = call.parameters
    # Older clients send a request to the queue's own path.
    url = parameters.get("QueueUrl") or (call.path if call.path.count("/") >= 2 else "")
    name = str(url).rstrip("/").rpartition("/")[2] or parameters.get("QueueName") or ""
    arn = f"arn:aws:sqs:{call.region}:{call.account}:{name}" if name else "*"
    return [Access(f"sqs:{_BATCHES.get(call.operation, call.operation)}", arn)]


def events_accesses(call: Call) -> list[Access]:
    """Of EventBridge."""
    parameters, action = call.parameters, f"events:{call.operation}"
    if call.operation == "PutEvents":
        buses = dict.fromkeys(
            _bus(call, str(entry.get("EventBusName") or "default")) for entry in parameters.get("Entries", [])
        )
        return [Access(action, bus) for bus in buses] or [Access(action, "*")]
    if arn := parameters.get("ResourceARN"):
        return [Access(action, str(arn))]
    bus = str(parameters.get("EventBusName") or "default")
    rule = parameters.get("Rule") or (parameters.get("Name") if "Rule" in call.operation else None)
    needed = []
    if rule:
        within = "" if bus == "default" else f"{bus}/"
        needed.append(Access(action, f"arn:aws:events:{call.region}:{call.account}:rule/{within}{rule}"))
    elif "EventBus" in call.operation and parameters.get("Name"):
        needed.append(Access(action, _bus(call, str(parameters["Name"]))))
    else:
        needed.append(Access(action, "*"))
    for target in parameters.get("Targets", []):
        if isinstance(target, dict):
            needed += passing(target.get("RoleArn"), "events.amazonaws.com")
    return needed


def _bus(call: Call, name: str) -> str:
    if name.startswith("arn:"):
        return name
    return f"arn:aws:events:{call.region}:{call.account}:event-bus/{name}"
