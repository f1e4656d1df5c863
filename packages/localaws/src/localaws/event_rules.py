"""EventBridge rules reach functions, state machines and topics.

moto knows queues, logs and other buses, and fails the whole PutEvents for any other target; it also sends to
rules that are disabled (moto 5.2.5, events/models.py, Rule.send_to_targets).

Source: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-targets.html
"""

import json
import logging
from collections.abc import Callable
from contextlib import ExitStack, suppress
from datetime import UTC, datetime
from typing import Any

from moto.events.models import Rule
from moto.events.utils import EventTemplateParser

from localaws.deliveries import Deliveries, Delivery
from localaws.iam.evaluation import Access
from localaws.iam.guard import SENDING, Guard
from localaws.patching import replace

__all__ = ["patch"]

log = logging.getLogger(__name__)


def patch(
    undo: ExitStack, deliveries: Deliveries, invoke: Callable[[str, bytes], None], guard: Guard
) -> None:
    """Send to them through ``deliveries``; ``invoke(function_arn, payload)`` invokes asynchronously.

    Where a target names a role, that role must be allowed to send; else the target's own policy must let
    EventBridge.
    """
    send_to_targets = Rule.send_to_targets

    def start(arn: str, text: str, delivery_id: str) -> None:
        from moto.stepfunctions.parser.api import ExecutionAlreadyExists
        from moto.stepfunctions.parser.models import stepfunctions_parser_backends

        _, _, _, region, account, *_ = arn.split(":")
        backend: Any = stepfunctions_parser_backends[account][region]
        with suppress(ExecutionAlreadyExists):  # an attempt before a kill has started it
            backend.start_execution(arn, f"event-{delivery_id}", text)

    def publish(arn: str, text: str, delivery_id: str) -> None:
        del delivery_id
        from moto.sns.models import sns_backends

        _, _, _, region, account, *_ = arn.split(":")
        sns_backends[account][region].publish(arn=arn, message=text)

    def invoke_function(arn: str, text: str, delivery_id: str) -> None:
        del delivery_id
        invoke(arn, text.encode())

    senders = {"lambda": invoke_function, "states": start, "sns": publish}

    def deliver(delivery: Delivery) -> None:
        arn = delivery.what["arn"]
        senders[arn.split(":")[2]](arn, delivery.what["text"], delivery.id)

    deliveries.register("event rule", deliver)

    def send(self: Any, original_event: Any, transform_input: bool = True) -> None:
        if self.state == "DISABLED":
            return
        matches = self.event_pattern.matches_event(original_event)
        targets = [target for target in self.targets if not matches or _may_send(guard, self, target)]
        ours = [target for target in targets if target["Arn"].split(":")[2] in senders]
        if len(targets) == len(self.targets) and not ours:
            send_to_targets(self, original_event, transform_input)
            return
        if matches:
            for target in ours:
                arn = target["Arn"]
                what = {"arn": arn, "text": _input(target, _as_sent(original_event))}
                deliveries.submit(Delivery("event rule", f"event of rule {self.name} to {arn}", what))
        theirs = _WithoutTargets(self, [target for target in targets if target not in ours])
        rule: Any = theirs
        send_to_targets(rule, original_event, transform_input)

    replace(undo, Rule, "send_to_targets", send)


def _may_send(guard: Guard, rule: Any, target: dict[str, Any]) -> bool:
    arn, role = target["Arn"], target.get("RoleArn")
    action = SENDING.get(arn.split(":")[2])
    if action is None:
        return True
    if role:
        problem = guard.problem(guard.session(role, "events"), Access(action, arn), SourceArn=rule.arn)
    else:
        problem = guard.service_problem("events.amazonaws.com", action, arn, rule.arn)
    if problem:
        log.error("an event of rule %s is not sent: %s", rule.name, problem)
    return problem is None


class _WithoutTargets:
    """A rule that has lost some of its targets."""

    def __init__(self, rule: Any, targets: list[Any]) -> None:
        self._rule, self.targets = rule, targets

    def __getattr__(self, name: str) -> Any:
        return getattr(self._rule, name)


def _as_sent(event: dict[str, Any]) -> dict[str, Any]:
    """The event with its time as text, and without moto's own fields."""
    made = {name: value for name, value in event.items() if name != "ingestion-time"}
    if isinstance(made.get("time"), int | float):
        made["time"] = datetime.fromtimestamp(made["time"], UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return made


def _input(target: dict[str, Any], event: dict[str, Any]) -> str:
    """What a target gets: the event, or what the target's input settings make of it."""
    if "Input" in target:
        return str(target["Input"])
    if "InputPath" in target:
        found: Any = event
        for name in target["InputPath"].removeprefix("$").strip(".").split("."):
            found = found.get(name) if name and isinstance(found, dict) else found
        return json.dumps(found)
    if transformer := target.get("InputTransformer"):
        fill: Any = EventTemplateParser.parse
        known = {**event, "ingestion-time": event.get("time", "")}
        paths = transformer.get("InputPathsMap", {})
        return json.dumps(fill(transformer.get("InputTemplate"), paths, known))
    return json.dumps(event)
