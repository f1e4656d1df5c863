"""Requests to CloudWatch and CloudWatch Logs: their actions, log groups, alarms and namespaces.

Source: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatch.html and
list_amazoncloudwatchlogs.html beside it
"""

from localaws.iam.calls import Call
from localaws.iam.evaluation import Access

__all__ = ["cloudwatch_accesses", "log_stream_arn", "logs_accesses"]

_OF_STREAMS = {"DeleteLogStream", "GetLogEvents", "PutLogEvents"}


def cloudwatch_accesses(call: Call) -> list[Access]:
    """Of CloudWatch: metrics have no resources, only a namespace."""
    parameters, action = call.parameters, f"cloudwatch:{call.operation}"
    if call.operation == "PutMetricData":
        return [Access(action, "*", {"cloudwatch:namespace": (str(parameters.get("Namespace", "")),)})]
    if name := parameters.get("AlarmName"):
        return [Access(action, f"arn:aws:cloudwatch:{call.region}:{call.account}:alarm:{name}")]
    return [Access(action, "*")]


def logs_accesses(call: Call) -> list[Access]:
    """Of CloudWatch Logs."""
    parameters, action = call.parameters, f"logs:{call.operation}"
    named = parameters.get("logGroupName") or parameters.get("logGroupIdentifier")
    if arn := parameters.get("resourceArn"):
        return [Access(action, str(arn))]
    if not named:
        return [Access(action, "*")]
    group = str(named).partition(":log-group:")[2] or str(named)
    stream = str(parameters.get("logStreamName", "")) if call.operation in _OF_STREAMS else ""
    return [Access(action, log_stream_arn(call.region, call.account, group.removesuffix(":*"), stream))]


def log_stream_arn(region: str, account: str, group: str, stream: str = "") -> str:
    """The ARN that AWS decides about: also what concerns a whole group is asked of ``...:log-stream:``."""
    return f"arn:aws:logs:{region}:{account}:log-group:{group}:log-stream:{stream}"
