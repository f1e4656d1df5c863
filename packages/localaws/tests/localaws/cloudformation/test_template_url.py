"""Templates in the endpoint's own buckets, and what is told of a template."""

from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from localaws import LocalAws

BODY = """
Parameters: {Name: {Type: String, Default: n}, Count: {Type: Number, Default: 2, AllowedValues: [1, 2]}}
Resources: {Topic: {Type: 'AWS::SNS::Topic', Properties: {DisplayName: !Ref Name}}}
"""


@pytest.mark.parametrize(
    "url",
    [
        "{endpoint}/my.templates/folder/a%20b.template",
        "http://localhost:1/my.templates/folder/a%20b.template",
        "http://host.docker.internal:1/my.templates/folder/a%20b.template",
        "http://my.templates.s3.localhost:1/folder/a%20b.template",
        "https://my.templates.s3.amazonaws.com/folder/a%20b.template",
        "https://my.templates.s3.us-east-1.amazonaws.com/folder/a%20b.template",
        "https://s3.us-east-1.amazonaws.com/my.templates/folder/a%20b.template",
        "https://s3-us-west-2.amazonaws.com/my.templates/folder/a%20b.template",
    ],
)
def test_every_form_of_url_names_the_object(aws: LocalAws, url: str) -> None:
    aws.client("s3").create_bucket(Bucket="my.templates")
    aws.client("s3").put_object(Bucket="my.templates", Key="folder/a b.template", Body=BODY.encode())

    aws.client("cloudformation").create_stack(StackName="s", TemplateURL=url.format(endpoint=aws.endpoint))

    assert len(aws.client("sns").list_topics()["Topics"]) == 1


def test_a_version_is_the_one_that_is_asked_for(aws: LocalAws) -> None:
    """SAM's own bucket keeps versions, and its URLs name one."""
    s3, cloudformation = aws.client("s3"), aws.client("cloudformation")
    s3.create_bucket(Bucket="kept")
    s3.put_bucket_versioning(Bucket="kept", VersioningConfiguration={"Status": "Enabled"})
    first = s3.put_object(Bucket="kept", Key="t", Body=BODY.replace("Default: n", "Default: old").encode())
    s3.put_object(Bucket="kept", Key="t", Body=BODY.encode())

    url = f"{aws.endpoint}/kept/t?versionId={first['VersionId']}"
    summary = cloudformation.get_template_summary(TemplateURL=url)

    assert [(p["ParameterKey"], p["DefaultValue"]) for p in summary["Parameters"]] == [
        ("Name", "old"),
        ("Count", "2"),
    ]
    assert summary["Parameters"][1]["ParameterConstraints"] == {"AllowedValues": ["1", "2"]}
    assert summary["ResourceTypes"] == ["AWS::SNS::Topic"]


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("{endpoint}/none/t", "S3 error: .*bucket does not exist"),
        ("{endpoint}/there/none", "S3 error: .*key does not exist"),
        ("{endpoint}/there/binary", "is not UTF-8"),
        ("{endpoint}/there", "must be a supported URL"),
        ("s3://there/t", "must be a supported URL"),
        ("https://example.com/there/t", "must be a supported URL"),
    ],
)
def test_what_names_no_template_is_a_validation_error(aws: LocalAws, url: str, message: str) -> None:
    aws.client("s3").create_bucket(Bucket="there")
    aws.client("s3").put_object(Bucket="there", Key="binary", Body=b"\xff\xfe")

    with pytest.raises(ClientError, match=message) as refused:
        aws.client("cloudformation").create_stack(
            StackName="s", TemplateURL=url.format(endpoint=aws.endpoint)
        )

    assert refused.value.response["Error"]["Code"] == "ValidationError"


def test_a_template_is_validated_without_leaving_a_file(
    aws: LocalAws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    cloudformation = aws.client("cloudformation")

    answer = cloudformation.validate_template(TemplateBody=BODY)
    with pytest.raises(ClientError, match="Template format error"):
        cloudformation.validate_template(TemplateBody="Resources: [")

    assert [parameter["ParameterKey"] for parameter in answer["Parameters"]] == ["Name", "Count"]
    assert list(tmp_path.iterdir()) == []
