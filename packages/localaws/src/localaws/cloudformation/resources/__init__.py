"""The resource types that localaws knows: this file only lists them."""

from localaws.cloudformation.resource import ResourceType
from localaws.cloudformation.resources.athena import NamedQuery, WorkGroup
from localaws.cloudformation.resources.cloudwatch import Alarm, Dashboard
from localaws.cloudformation.resources.emr_serverless import Application
from localaws.cloudformation.resources.events import EventBus, Rule
from localaws.cloudformation.resources.glue import Database, Table
from localaws.cloudformation.resources.iam import ManagedPolicy, Policy, Role
from localaws.cloudformation.resources.lambda_ import (
    Alias,
    EventInvokeConfig,
    EventSourceMapping,
    Function,
    LayerVersion,
    Permission,
    Version,
)
from localaws.cloudformation.resources.logs import LogGroup, MetricFilter
from localaws.cloudformation.resources.s3 import Bucket, BucketPolicy
from localaws.cloudformation.resources.sns import Subscription, Topic, TopicPolicy
from localaws.cloudformation.resources.sqs import Queue, QueuePolicy
from localaws.cloudformation.resources.ssm import Parameter
from localaws.cloudformation.resources.states import Activity, StateMachine

__all__ = ["RESOURCE_TYPES"]

_ALL: tuple[type[ResourceType], ...] = (
    Activity,
    Alarm,
    Alias,
    Application,
    Bucket,
    BucketPolicy,
    Dashboard,
    Database,
    EventBus,
    EventInvokeConfig,
    EventSourceMapping,
    Function,
    LayerVersion,
    LogGroup,
    ManagedPolicy,
    MetricFilter,
    NamedQuery,
    Parameter,
    Permission,
    Policy,
    Queue,
    QueuePolicy,
    Role,
    Rule,
    StateMachine,
    Subscription,
    Table,
    Topic,
    TopicPolicy,
    Version,
    WorkGroup,
)

RESOURCE_TYPES: dict[str, ResourceType] = {kind.name: kind() for kind in _ALL}
"""Every known type by its name, such as ``AWS::S3::Bucket``."""
