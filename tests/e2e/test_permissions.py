"""Least privilege, shown: with every role enforced the pipeline does all it can do, and needs each grant."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import Any

import pytest

from localaws.iam.evaluation import NamedPolicy, evaluate
from localaws.iam.guard import Decided
from stepcast.pipeline import layout
from stepcast.pipeline.run import fingerprint
from tests.e2e.conftest import Stack, daily_sales
from tests.pipeline.given import params_bytes, params_document

UPLOADS = "https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html#mpuAndPermissions"
MAP_RUNS = "https://docs.aws.amazon.com/step-functions/latest/dg/iam-policies-eg-dist-map.html"
# What AWS needs and nothing here uses: the action, and the source that says so.
NEEDED_ON_AWS_ALONE = {
    ("ImportDataRole", "s3:AbortMultipartUpload"): UPLOADS,  # when an upload fails half-way
    ("ExportRole", "s3:AbortMultipartUpload"): UPLOADS,
    ("StateMachineRole", "states:DescribeExecution"): MAP_RUNS,  # children here are threads of their parent
    ("StateMachineRole", "states:StopExecution"): MAP_RUNS,
}


ON_DRIFT = {"Retrain": "on_drift"}  # FitShared then keeps what it learned, and looks for what was kept
# FitShared then writes trials, of which UpdateAthena has a table, and Reconcile makes sums agree.
TUNED: dict[str, Any] = {
    "Predictor__Hierarchy": {"Levels": []},
    "Predictor__PerformAutoML": ...,
    "Predictor__AlgorithmArn": "arn:aws:forecast:::algorithm/NPTS",
    "Predictor__PerformHPO": True,
    "Predictor__Tuning": {"Trials": 2},
}
OWN_MODEL: dict[str, Any] = {  # which FitShared reads
    "Predictor__PerformAutoML": ...,
    "Predictor__AlgorithmArn": "arn:aws:forecast:::algorithm/Keras",
    "Predictor__TrainingParameters": {"model": "models/net.keras"},
}


@dataclass(frozen=True)
class Grant:
    """One action on one resource that a statement of a role's policy allows."""

    role: str  # its logical id in the template
    policy: str
    statement: int
    action: str
    resource: str

    def covers(self, decided: Decided) -> bool:
        asked = decided.access
        return asked.action.lower() == self.action.lower() and fnmatchcase(asked.resource, self.resource)


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def policies(stack: Stack) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Each policy of each role: the role's logical id, the policy's name, its document."""
    iam = stack.client("iam")
    for logical_id, name in stack.resources.items():
        if logical_id.endswith("Role"):
            for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]:
                found = iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]
                yield logical_id, policy, found


def grants(stack: Stack) -> list[Grant]:
    return [
        Grant(role, policy, number, action, resource)
        for role, policy, document in policies(stack)
        for number, statement in enumerate(document["Statement"])
        for action in listed(statement["Action"])
        for resource in listed(statement["Resource"])
    ]


def all_datasets() -> bytes:
    """params.json with a target, a related and an item dataset."""

    def dataset(name: str, kind: str, attributes: dict[str, str]) -> dict[str, Any]:
        columns = [{"AttributeName": name, "AttributeType": kind} for name, kind in attributes.items()]
        facts = {"DatasetName": name, "Domain": "CUSTOM", "DatasetType": kind}
        return {**facts, "DataFrequency": "D", "Schema": {"Attributes": columns}}

    document = params_document(PerformDelete=True, Monitor=ON_DRIFT, **TUNED)
    series = {"item_id": "string", "timestamp": "timestamp"}
    document["Datasets"] += [
        dataset("Prices", "RELATED_TIME_SERIES", {**series, "price": "float"}),
        dataset("Items", "ITEM_METADATA", {"item_id": "string", "colour": "string"}),
    ]
    del document["Datasets"][-1]["DataFrequency"]
    return json.dumps(document).encode()


def prices(days: int) -> bytes:
    sales = daily_sales(days=days + 7).decode().splitlines()
    return "\n".join(line.rpartition(",")[0] + ",9.5" for line in sales).encode()


def drop_only(stack: Stack, files: dict[str, bytes]) -> dict[str, Any]:
    """The run for this input and nothing that was there before."""
    for folder in ("params.json", *layout.INPUTS):
        stack.delete(folder)
    return stack.drop(files)


def uploaded_while_it_runs(stack: Stack, files: dict[str, bytes], run: str) -> None:
    """The input of an earlier run is uploaded again, while an execution for it waits."""
    states = stack.client("stepfunctions")
    order = {"bucket": stack.bucket, "run": run, "vintage": "2001-01-01T00-00-00Z", "settle_seconds": 3600}
    waiting = states.start_execution(
        stateMachineArn=stack.outputs["StateMachineArn"], name=f"{run}-2", input=json.dumps(order)
    )
    for folder in ("params.json", *layout.INPUTS):
        stack.delete(folder)
    for key, body in files.items():
        stack.put(key, body)
    assert late_event(stack, "2999-01-01T00:00:00.000Z") == "running"
    states.stop_execution(executionArn=waiting["executionArn"])


def superseded(stack: Stack) -> dict[str, Any]:
    """A run whose input has changed since it was ordered."""
    order = {"bucket": stack.bucket, "run": "0" * 16, "vintage": "2001-01-01T00-00-00Z", "settle_seconds": 0}
    states = stack.client("stepfunctions")
    started = states.start_execution(
        stateMachineArn=stack.outputs["StateMachineArn"], input=json.dumps(order)
    )
    return stack.eventually(lambda: stack._ended(started["executionArn"]))


def late_event(stack: Stack, when: str) -> str:
    bucket = {"name": stack.bucket, "arn": f"arn:aws:s3:::{stack.bucket}"}
    about = {"s3": {"bucket": bucket, "object": {"key": "x"}}}
    event = {"eventName": "ObjectCreated:Put", "eventTime": when, **about}
    return str(step(stack, "StartExecution", {"Records": [event]})["outcome"])


def step(stack: Stack, name: str, event: Any, error: str | None = None) -> Any:
    """Run one function by itself; what it answers, or the type of its error as foretold."""
    invocation = stack.aws.invoke(stack.resources[f"{name}Function"], json.dumps(event).encode())
    assert invocation.error_type == error, invocation.payload
    return json.loads(invocation.payload)


def without_versions(stack: Stack, files: dict[str, bytes]) -> dict[str, Any]:
    """The run for this input, in a bucket whose versioning is suspended meanwhile."""
    versioning = {"Bucket": stack.bucket, "VersioningConfiguration": {"Status": "Suspended"}}
    stack.s3.put_bucket_versioning(**versioning)
    ended = drop_only(stack, files)
    versioning["VersioningConfiguration"] = {"Status": "Enabled"}
    stack.s3.put_bucket_versioning(**versioning)
    return ended


def replaced_before_it_publishes(stack: Stack, key: str, body: bytes) -> None:
    """A run goes on where a newer version of its file has come; here it has nothing to publish."""
    now = fingerprint(stack.s3, stack.bucket)
    run = {"bucket": stack.bucket, "run": now, "vintage": "2999-03-03T00-00-00Z"}
    for name in ("CreateDataset", "ImportData"):
        step(stack, name, run)
    stack.put(key, body)
    step(stack, "UpdateAthena", run, error="ResourceNotFoundException")
    step(stack, "Cleanup", {**run, "ending": "failed"})
    stack.ended()


def step_by_step(stack: Stack) -> None:
    """A run that is retried after a kill, loses a shard and fails after its export; and one that fails."""
    now = fingerprint(stack.s3, stack.bucket)
    run = {"bucket": stack.bucket, "run": now, "vintage": "2999-01-01T00-00-00Z"}
    failure = {"Error": "Unlucky", "Cause": "as tests are"}
    for name in ("CreateDataset", "ImportData", "ImportData", "MonitorDrift", "FitShared"):
        step(stack, name, run)
    step(stack, "TrainPredictor", {**run, "shard": 0})
    step(stack, "Forecast", {**run, "shard": 0})
    step(stack, "Forecast", {**run, "shard": 99}, error="ResourceNotFoundException")
    step(stack, "Export", run)
    step(
        stack, "Notify", {**run, "vintage": min(stack.vintages("history/"))}
    )  # overtaken by a newer forecast
    told = step(stack, "Notify", {**run, "error": failure})
    assert told["error"]["Error"] == "ResourceNotFoundException"
    step(stack, "Cleanup", {**run, "ending": "failed"})

    run["vintage"] = "2999-02-02T00-00-00Z"
    for name in ("CreateDataset", "ImportData", "FitShared"):
        step(stack, name, run)
    step(stack, "Cleanup", {**run, "ending": "failed"})


@pytest.fixture(scope="module")
def decided(stack: Stack) -> list[Decided]:
    """Every decision while the pipeline does all that it can do."""
    first = {"params.json": params_bytes(**TUNED), "train/sales.csv": daily_sales()}
    sales = daily_sales(days=77)
    second = {
        "params.json": all_datasets(),
        "train/sales.csv": sales,
        "related/prices.csv": prices(77),
        "metadata/items.csv": b"lamp,red\ndesk,blue\n",
    }
    shops = {"AttributeName": "shop", "AttributeType": "string"}
    schema = [*params_document()["Datasets"][0]["Schema"]["Attributes"], shops]
    third = {  # another column in every table
        "params.json": params_bytes(Datasets__0__Schema__Attributes=schema, Monitor=ON_DRIFT),
        "train/sales.csv": b"".join(line + b",north\n" for line in sales.splitlines()),
    }
    bad = {"params.json": params_bytes(), "train/sales.csv": daily_sales() + b"lamp,2026-03-12,many\n"}
    own_model = first | {"params.json": params_bytes(**OWN_MODEL), "models/net.keras": b"not a model"}
    with stack.aws.recorded_access() as made:
        forecast = drop_only(stack, first)
        assert forecast["status"] == "SUCCEEDED"
        assert late_event(stack, "2020-01-01T00:00:00.000Z") == "duplicate"
        assert late_event(stack, "2999-01-01T00:00:00.000Z") == "up_to_date"
        assert drop_only(stack, second)["status"] == "SUCCEEDED"
        assert len(stack.vintages("history/")) == 1
        assert without_versions(stack, second | {"metadata/items.csv": b"lamp,red\ndesk,green\n"})[
            "status"
        ] == ("SUCCEEDED")
        uploaded_while_it_runs(stack, first, json.loads(forecast["input"])["run"])
        assert drop_only(stack, third)["status"] == "SUCCEEDED"
        step_by_step(stack)
        replaced_before_it_publishes(stack, "train/sales.csv", third["train/sales.csv"][:-1])
        assert drop_only(stack, bad)["error"] == "InvalidInputException"
        assert superseded(stack)["status"] == "SUCCEEDED"
        assert drop_only(stack, own_model)["error"] == "UnusableModel"
        other = own_model | {"models/net.keras": b"another"}
        assert without_versions(stack, other)["error"] == "UnusableModel"
    return list(made)


def test_everything_that_the_pipeline_does_is_allowed(decided: list[Decided]) -> None:
    denied = {f"{each.principal.arn}: {each.access}" for each in decided if not each.decision.allowed}

    assert denied == set()


def test_no_granted_action_goes_unused(stack: Stack, decided: list[Decided]) -> None:
    names = {name: logical_id for logical_id, name in stack.resources.items()}
    asked: dict[str, list[Decided]] = {}
    for each in decided:
        asked.setdefault(names.get(each.principal.role_arn.rpartition("/")[2], ""), []).append(each)
    unused = [
        grant
        for grant in grants(stack)
        if (grant.role, grant.action) not in NEEDED_ON_AWS_ALONE
        and not any(grant.covers(each) for each in asked.get(grant.role, ()))
    ]

    assert unused == [], "\n" + "\n".join(map(str, unused))


def test_no_action_is_granted_by_a_pattern(stack: Stack) -> None:
    wide = [grant for grant in grants(stack) if "*" in grant.action]
    everywhere = {(grant.role, grant.action) for grant in grants(stack) if grant.resource == "*"}

    assert wide == []
    roles = ("ExportRole", "MonitorDriftRole")
    assert everywhere == {(role, "cloudwatch:PutMetricData") for role in roles}  # which has no resources


def test_without_any_one_statement_something_is_denied(stack: Stack, decided: list[Decided]) -> None:
    needless = []
    for role, policy, document in policies(stack):
        arn = stack.client("iam").get_role(RoleName=stack.resources[role])["Role"]["Arn"]
        asked = [each for each in decided if each.principal.role_arn == arn]
        for number, statement in enumerate(document["Statement"]):
            on_aws_alone = all(
                (role, action) in NEEDED_ON_AWS_ALONE for action in listed(statement["Action"])
            )
            if not on_aws_alone and all(allowed_without(each, policy, number) for each in asked):
                needless.append((role, policy, number, statement))

    assert needless == []


def allowed_without(each: Decided, policy: str, number: int) -> bool:
    def lessened(named: NamedPolicy) -> NamedPolicy:
        if not named.name.endswith(f": {policy}"):
            return named
        kept = tuple(statement for statement in named.policy.statements if statement.number != number)
        return NamedPolicy(named.name, replace(named.policy, statements=kept))

    lessened_policies = replace(each.policies, identity=[lessened(named) for named in each.policies.identity])
    return evaluate(each.access, each.principal, each.context, lessened_policies).allowed


def without(document: dict[str, Any], number: int) -> str:
    kept = [statement for at, statement in enumerate(document["Statement"]) if at != number]
    return json.dumps({**document, "Statement": kept})


def last_state_before(stack: Stack, execution: dict[str, Any], name: str) -> str:
    pages = stack.client("stepfunctions").get_paginator("get_execution_history")
    entered = [
        event["stateEnteredEventDetails"]["name"]
        for page in pages.paginate(executionArn=execution["executionArn"])
        for event in page["events"]
        if "stateEnteredEventDetails" in event
    ]
    return str(entered[entered.index(name) - 1])


LESSENED = [
    # The statement that goes, the state that fails, its error, and the action that was denied.
    ("StateMachineRole", 0, "CreateDataset", "Lambda.AWSLambdaException", "lambda:InvokeFunction"),
    ("StateMachineRole", 1, "TrainPredictor", "States.ItemReaderFailed", "s3:GetObject"),
    ("StateMachineRole", 2, "TrainPredictor", "States.Runtime", "states:StartExecution"),
    ("ImportDataRole", 3, "ImportData", "AccessDenied", "s3:GetObjectVersion"),
    ("UpdateAthenaRole", 6, "UpdateAthena", "AccessDeniedException", "glue:GetDatabase"),
    ("NotifyRole", 4, "Notify", "AuthorizationErrorException", "sns:Publish"),
]


@pytest.mark.parametrize(("role", "number", "state", "error", "action"), LESSENED)
def test_a_run_without_a_grant_fails_and_says_which(
    stack: Stack, decided: list[Decided], role: str, number: int, state: str, error: str, action: str
) -> None:
    iam, name = stack.client("iam"), stack.resources[role]
    ((policy, document),) = [found[1:] for found in policies(stack) if found[0] == role]
    try:
        iam.put_role_policy(RoleName=name, PolicyName=policy, PolicyDocument=without(document, number))
        days = 80 + LESSENED.index((role, number, state, error, action))
        files = {"params.json": params_bytes(), "train/sales.csv": daily_sales(days=days)}
        execution = drop_only(stack, files)
    finally:
        iam.put_role_policy(RoleName=name, PolicyName=policy, PolicyDocument=json.dumps(document))

    assert (execution["status"], execution["error"]) == ("FAILED", error)
    assert last_state_before(stack, execution, "NotifyFailure") == state
    assert f"assumed-role/{name}/" in execution["cause"]
    assert f"is not authorized to perform: {action} on resource: " in execution["cause"]
