"""A topic delivers to the queues and functions whose policies let it.

Source: https://docs.aws.amazon.com/sns/latest/dg/subscribe-sqs-queue-to-sns-topic.html
"""

import logging
from contextlib import ExitStack
from typing import Any

from moto.sns.models import Subscription

from localaws.iam.guard import SENDING, Guard
from localaws.patching import replace

__all__ = ["patch"]

log = logging.getLogger(__name__)


def patch(undo: ExitStack, guard: Guard) -> None:
    """Replace Subscription.publish."""
    original = Subscription.publish

    def publish(self: Any, message: Any, message_id: Any, *args: Any, **kwargs: Any) -> None:
        if self.protocol in {"lambda", "sqs"}:
            action = SENDING[self.protocol]
            problem = guard.service_problem("sns.amazonaws.com", action, self.endpoint, self.topic.arn)
            if problem:
                log.error("a message of %s is not delivered: %s", self.topic.arn, problem)
                return
        original(self, message, message_id, *args, **kwargs)

    replace(undo, Subscription, "publish", publish)
