"""Intrinsic functions, one by one."""

from typing import Any

import pytest

from localaws.cloudformation.intrinsics import NO_VALUE, IntrinsicError, Resolver

TEMPLATE = {
    "Mappings": {"Size": {"eu": {"test": 1, "live": [2, 3]}}},
    "Conditions": {
        "Yes": {"Fn::Equals": ["a", "a"]},
        "No": {"Fn::Not": [{"Condition": "Yes"}]},
        "Both": {"Fn::And": [{"Condition": "Yes"}, {"Condition": "No"}]},
        "Either": {"Fn::Or": [{"Condition": "Yes"}, {"Condition": "No"}]},
    },
}


def ref(name: str) -> Any:
    values = {"Name": "value", "List": ["a", "b"], "AWS::Region": "eu"}
    if name not in values:
        raise IntrinsicError(f"Ref: there is no {name!r}")
    return values[name]


RESOLVER = Resolver(
    TEMPLATE, ref, lambda resource, name: f"{resource}/{name}", {"e": "exported"}.__getitem__, "eu"
)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"Ref": "Name"}, "value"),
        ({"Fn::GetAtt": ["Thing", "Arn"]}, "Thing/Arn"),
        ({"Fn::GetAtt": "Thing.Deep.Arn"}, "Thing/Deep.Arn"),
        ({"Fn::Sub": "${Name}-${Thing.Arn}-${!Literal}-$$"}, "value-Thing/Arn-${Literal}-$$"),
        ({"Fn::Sub": ["${a}${Name}", {"a": {"Ref": "List"}}]}, "a,bvalue"),
        ({"Fn::Join": ["-", ["x", {"Ref": "Name"}, 1, True]]}, "x-value-1-true"),
        ({"Fn::Join": ["", {"Ref": "List"}]}, "ab"),
        ({"Fn::Split": ["/", "a/b"]}, ["a", "b"]),
        ({"Fn::Select": ["1", {"Ref": "List"}]}, "b"),
        ({"Fn::FindInMap": ["Size", {"Ref": "AWS::Region"}, "live"]}, [2, 3]),
        ({"Fn::If": ["Yes", 1, {"Fn::GetAtt": ["Never", "Asked"]}]}, 1),
        ({"Fn::If": ["Both", 1, {"Fn::If": ["Either", 2, 3]}]}, 2),
        ({"Fn::Base64": "hi"}, "aGk="),
        ({"Fn::ImportValue": "e"}, "exported"),
        ({"Fn::GetAZs": ""}, ["eua", "eub", "euc"]),
        ({"Fn::ToJsonString": {"a": {"Ref": "Name"}}}, '{"a": "value"}'),
        ({"Fn::Length": {"Ref": "List"}}, 2),
        ({"Fn::Cidr": ["10.0.0.0/16", 2, 8]}, ["10.0.0.0/24", "10.0.1.0/24"]),
        ({"a": {"Ref": "AWS::NoValue"}, "b": [1, {"Ref": "AWS::NoValue"}]}, {"b": [1]}),
        ({"Ref": "AWS::NoValue"}, NO_VALUE),
        (
            {"Statement": {"Condition": {"Bool": {"x": "true"}}}},
            {"Statement": {"Condition": {"Bool": {"x": "true"}}}},
        ),
    ],
)
def test_resolves(value: Any, expected: Any) -> None:
    assert RESOLVER.resolve(value) == expected


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ({"Ref": "Gone"}, "there is no 'Gone'"),
        ({"Fn::FindInMap": ["Size", "us", "test"]}, "Mappings has no Size.us.test"),
        ({"Fn::If": ["Maybe", 1, 2]}, "there is no condition 'Maybe'"),
        ({"Fn::Transform": {"Name": "AWS::Include"}}, "Fn::Transform is not supported"),
        ({"Fn::Select": [9, ["a"]]}, "Fn::Select: IndexError"),
        ({"Fn::Join": ["-", [{"a": 1}]]}, "expected text"),
    ],
)
def test_what_cannot_be_resolved_is_told(value: Any, reason: str) -> None:
    with pytest.raises(IntrinsicError, match=reason):
        RESOLVER.resolve(value)
