"""What each request of boto3 needs: actions and resources as the Service Authorization Reference has them.

https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
"""

import io
from typing import Any
from urllib.parse import unquote, urlsplit

import boto3
import pytest

from localaws.iam.calls import Call
from localaws.iam.requests import needed

BUCKET, OBJECT = "arn:aws:s3:::shop", "arn:aws:s3:::shop/a/ü b"
HERE = "us-east-1:123456789012"
GLUE = [f"arn:aws:glue:{HERE}:{rest}" for rest in ("catalog", "database/d", "table/d/t")]
ROLE = "arn:aws:iam::123456789012:role/r"
F = f"arn:aws:lambda:{HERE}:function:f"
Q, T, M = f"arn:aws:sqs:{HERE}:q", f"arn:aws:sns:{HERE}:t", f"arn:aws:states:{HERE}:stateMachine:m"
RUN = f"arn:aws:states:{HERE}:execution:m:run"
EMR = f"arn:aws:emr-serverless:{HERE}:/"
TABLE = f"arn:aws:dynamodb:{HERE}:table/t"
ONE = {"Bucket": "shop", "Key": "a/ü b"}

# Service, boto3's method, parameters; then the actions with their resources.
NEEDED: list[tuple[str, str, dict[str, Any], list[tuple[str, str]]]] = [
    ("emr-serverless", "start_job_run", {"applicationId": "0a", "executionRoleArn": ROLE},
     [("emr-serverless:StartJobRun", f"{EMR}applications/0a"), ("iam:PassRole", ROLE)]),
    ("emr-serverless", "cancel_job_run", {"applicationId": "0a", "jobRunId": "1b"},
     [("emr-serverless:CancelJobRun", f"{EMR}applications/0a/jobruns/1b")]),
    ("emr-serverless", "create_application", {"releaseLabel": "emr-7.0.0", "type": "SPARK"},
     [("emr-serverless:CreateApplication", EMR)]),
    ("s3", "list_buckets", {}, [("s3:ListAllMyBuckets", "*")]),
    ("s3", "create_bucket", {"Bucket": "shop"}, [("s3:CreateBucket", BUCKET)]),
    ("s3", "delete_bucket", {"Bucket": "shop"}, [("s3:DeleteBucket", BUCKET)]),
    ("s3", "head_bucket", {"Bucket": "shop"}, [("s3:ListBucket", BUCKET)]),
    ("s3", "list_objects", {"Bucket": "shop"}, [("s3:ListBucket", BUCKET)]),
    ("s3", "list_objects_v2", {"Bucket": "shop", "Prefix": "a/"}, [("s3:ListBucket", BUCKET)]),
    ("s3", "list_object_versions", {"Bucket": "shop"}, [("s3:ListBucketVersions", BUCKET)]),
    ("s3", "list_multipart_uploads", {"Bucket": "shop"}, [("s3:ListBucketMultipartUploads", BUCKET)]),
    ("s3", "get_bucket_location", {"Bucket": "shop"}, [("s3:GetBucketLocation", BUCKET)]),
    ("s3", "get_bucket_policy", {"Bucket": "shop"}, [("s3:GetBucketPolicy", BUCKET)]),
    ("s3", "delete_bucket_policy", {"Bucket": "shop"}, [("s3:DeleteBucketPolicy", BUCKET)]),
    ("s3", "get_bucket_lifecycle_configuration", {"Bucket": "shop"},
     [("s3:GetLifecycleConfiguration", BUCKET)]),
    ("s3", "delete_bucket_lifecycle", {"Bucket": "shop"}, [("s3:PutLifecycleConfiguration", BUCKET)]),
    ("s3", "get_bucket_notification_configuration", {"Bucket": "shop"},
     [("s3:GetBucketNotification", BUCKET)]),
    ("s3", "get_public_access_block", {"Bucket": "shop"}, [("s3:GetBucketPublicAccessBlock", BUCKET)]),
    ("s3", "delete_bucket_tagging", {"Bucket": "shop"}, [("s3:PutBucketTagging", BUCKET)]),
    ("s3", "get_object", ONE, [("s3:GetObject", OBJECT)]),
    ("s3", "get_object", {**ONE, "VersionId": "v"}, [("s3:GetObjectVersion", OBJECT)]),
    ("s3", "head_object", ONE, [("s3:GetObject", OBJECT)]),
    ("s3", "put_object", {**ONE, "Body": b"x"}, [("s3:PutObject", OBJECT)]),
    ("s3", "put_object", {**ONE, "ACL": "public-read"},
     [("s3:PutObject", OBJECT), ("s3:PutObjectAcl", OBJECT)]),
    ("s3", "put_object", {**ONE, "Tagging": "a=b"},
     [("s3:PutObject", OBJECT), ("s3:PutObjectTagging", OBJECT)]),
    ("s3", "copy_object", {**ONE, "CopySource": "other/x y"},
     [("s3:GetObject", "arn:aws:s3:::other/x y"), ("s3:PutObject", OBJECT)]),
    ("s3", "copy_object", {**ONE, "CopySource": {"Bucket": "other", "Key": "x", "VersionId": "v"}},
     [("s3:GetObjectVersion", "arn:aws:s3:::other/x"), ("s3:PutObject", OBJECT)]),
    ("s3", "delete_object", ONE, [("s3:DeleteObject", OBJECT)]),
    ("s3", "delete_object", {**ONE, "VersionId": "v"}, [("s3:DeleteObjectVersion", OBJECT)]),
    ("s3", "delete_objects",
     {"Bucket": "shop", "Delete": {"Objects": [{"Key": "a&b"}, {"Key": "c", "VersionId": "v"}]}},
     [("s3:DeleteObject", f"{BUCKET}/a&b"), ("s3:DeleteObjectVersion", f"{BUCKET}/c")]),
    ("s3", "create_multipart_upload", ONE, [("s3:PutObject", OBJECT)]),
    ("s3", "upload_part", {**ONE, "UploadId": "u", "PartNumber": 1}, [("s3:PutObject", OBJECT)]),
    ("s3", "upload_part_copy", {**ONE, "UploadId": "u", "PartNumber": 1, "CopySource": "other/x"},
     [("s3:GetObject", "arn:aws:s3:::other/x"), ("s3:PutObject", OBJECT)]),
    ("s3", "complete_multipart_upload", {**ONE, "UploadId": "u", "MultipartUpload": {"Parts": []}},
     [("s3:PutObject", OBJECT)]),
    ("s3", "abort_multipart_upload", {**ONE, "UploadId": "u"}, [("s3:AbortMultipartUpload", OBJECT)]),
    ("s3", "list_parts", {**ONE, "UploadId": "u"}, [("s3:ListMultipartUploadParts", OBJECT)]),
    ("s3", "get_object_tagging", ONE, [("s3:GetObjectTagging", OBJECT)]),
    ("s3", "delete_object_tagging", {**ONE, "VersionId": "v"}, [("s3:DeleteObjectVersionTagging", OBJECT)]),
    ("s3", "get_object_acl", ONE, [("s3:GetObjectAcl", OBJECT)]),
    ("s3", "get_object_attributes", {**ONE, "ObjectAttributes": ["ETag"]},
     [("s3:GetObject", OBJECT), ("s3:GetObjectAttributes", OBJECT)]),
    ("s3", "get_object_retention", ONE, [("s3:GetObjectRetention", OBJECT)]),
    ("s3", "restore_object", {**ONE, "RestoreRequest": {"Days": 1}}, [("s3:RestoreObject", OBJECT)]),
    ("lambda", "invoke", {"FunctionName": "f"}, [("lambda:InvokeFunction", F)]),
    ("lambda", "invoke", {"FunctionName": F, "Qualifier": "live"}, [("lambda:InvokeFunction", f"{F}:live")]),
    ("lambda", "invoke", {"FunctionName": "123456789012:function:f:live"},
     [("lambda:InvokeFunction", f"{F}:live")]),
    ("lambda", "list_functions", {}, [("lambda:ListFunctions", "*")]),
    ("lambda", "create_function", {"FunctionName": "f", "Role": ROLE, "Code": {}},
     [("lambda:CreateFunction", F), ("iam:PassRole", ROLE)]),
    ("lambda", "get_layer_version", {"LayerName": "l", "VersionNumber": 2},
     [("lambda:GetLayerVersion", f"arn:aws:lambda:{HERE}:layer:l:2")]),
    ("stepfunctions", "start_execution", {"stateMachineArn": M}, [("states:StartExecution", M)]),
    ("stepfunctions", "describe_execution", {"executionArn": RUN}, [("states:DescribeExecution", RUN)]),
    ("stepfunctions", "send_task_success", {"taskToken": "t", "output": "{}"},
     [("states:SendTaskSuccess", "*")]),
    ("stepfunctions", "create_state_machine", {"name": "m", "definition": "{}", "roleArn": ROLE},
     [("states:CreateStateMachine", M), ("iam:PassRole", ROLE)]),
    ("sns", "publish", {"TopicArn": T, "Message": "x"}, [("sns:Publish", T)]),
    ("sns", "publish_batch", {"TopicArn": T, "PublishBatchRequestEntries": []}, [("sns:Publish", T)]),
    ("sns", "create_topic", {"Name": "t"}, [("sns:CreateTopic", T)]),
    ("sns", "unsubscribe", {"SubscriptionArn": f"{T}:s"}, [("sns:Unsubscribe", T)]),
    ("sqs", "send_message", {"QueueUrl": "http://127.0.0.1/123456789012/q", "MessageBody": "x"},
     [("sqs:SendMessage", Q)]),
    ("sqs", "delete_message_batch", {"QueueUrl": "http://127.0.0.1/123456789012/q", "Entries": []},
     [("sqs:DeleteMessage", Q)]),
    ("sqs", "create_queue", {"QueueName": "q"}, [("sqs:CreateQueue", Q)]),
    ("sqs", "list_queues", {}, [("sqs:ListQueues", "*")]),
    ("events", "put_events", {"Entries": [{"EventBusName": "b"}, {}, {}]},
     [("events:PutEvents", f"arn:aws:events:{HERE}:event-bus/b"),
      ("events:PutEvents", f"arn:aws:events:{HERE}:event-bus/default")]),
    ("events", "put_targets",
     {"Rule": "r", "EventBusName": "b", "Targets": [{"Id": "1", "Arn": M, "RoleArn": ROLE}]},
     [("events:PutTargets", f"arn:aws:events:{HERE}:rule/b/r"), ("iam:PassRole", ROLE)]),
    ("glue", "get_table", {"DatabaseName": "d", "Name": "t"}, [("glue:GetTable", arn) for arn in GLUE]),
    ("glue", "get_database", {"Name": "d"}, [("glue:GetDatabase", arn) for arn in GLUE[:2]]),
    ("glue", "create_table", {"DatabaseName": "d", "TableInput": {"Name": "t"}},
     [("glue:CreateTable", arn) for arn in GLUE]),
    ("glue", "get_partitions", {"DatabaseName": "d", "TableName": "t"},
     [("glue:GetPartitions", arn) for arn in GLUE]),
    ("glue", "get_tables", {"DatabaseName": "d"},
     [("glue:GetTables", arn) for arn in (*GLUE[:2], f"arn:aws:glue:{HERE}:table/d/*")]),
    ("glue", "start_job_run", {"JobName": "j"}, [("glue:StartJobRun", f"arn:aws:glue:{HERE}:job/j")]),
    ("athena", "start_query_execution", {"QueryString": "SELECT 1", "WorkGroup": "w"},
     [("athena:StartQueryExecution", f"arn:aws:athena:{HERE}:workgroup/w")]),
    ("athena", "get_table_metadata", {"CatalogName": "AwsDataCatalog", "DatabaseName": "d", "TableName": "t"},
     [("athena:GetTableMetadata", f"arn:aws:athena:{HERE}:datacatalog/AwsDataCatalog")]),
    ("dynamodb", "get_item", {"TableName": "t", "Key": {"id": {"S": "1"}}}, [("dynamodb:GetItem", TABLE)]),
    ("dynamodb", "query", {"TableName": "t", "IndexName": "i"}, [("dynamodb:Query", f"{TABLE}/index/i")]),
    ("dynamodb", "batch_get_item", {"RequestItems": {"t": {"Keys": []}}}, [("dynamodb:BatchGetItem", TABLE)]),
    ("dynamodb", "transact_write_items", {"TransactItems": [{"Put": {"TableName": "t", "Item": {}}}]},
     [("dynamodb:PutItem", TABLE)]),
    ("dynamodb", "execute_statement", {"Statement": "DELETE FROM t"},
     [("dynamodb:PartiQLDelete", f"arn:aws:dynamodb:{HERE}:table/*")]),
    ("ssm", "get_parameters", {"Names": ["/a/b", "c"]},
     [("ssm:GetParameters", f"arn:aws:ssm:{HERE}:parameter/{name}") for name in ("a/b", "c")]),
    ("ssm", "get_parameters_by_path", {"Path": "/a/"},
     [("ssm:GetParametersByPath", f"arn:aws:ssm:{HERE}:parameter/a")]),
    ("logs", "create_log_group", {"logGroupName": "g"},
     [("logs:CreateLogGroup", f"arn:aws:logs:{HERE}:log-group:g:log-stream:")]),
    ("logs", "put_log_events", {"logGroupName": "g", "logStreamName": "s", "logEvents": []},
     [("logs:PutLogEvents", f"arn:aws:logs:{HERE}:log-group:g:log-stream:s")]),
    ("cloudwatch", "put_metric_data", {"Namespace": "N", "MetricData": []},
     [("cloudwatch:PutMetricData", "*")]),
    ("sts", "get_caller_identity", {}, []),
    ("sts", "assume_role", {"RoleArn": ROLE, "RoleSessionName": "s"}, [("sts:AssumeRole", ROLE)]),
    ("iam", "put_role_policy", {"RoleName": "r", "PolicyName": "p", "PolicyDocument": "{}"},
     [("iam:PutRolePolicy", ROLE)]),
    ("ecr", "describe_repositories", {}, [("ecr:DescribeRepositories", "*")]),
]  # fmt: skip


class Sent(Exception):
    """The request as it would leave."""


def sent(service: str, method: str, parameters: dict[str, Any]) -> Call:
    """boto3's request of a call, as the server gets it."""
    from botocore.config import Config

    client = boto3.client(
        service,
        region_name="us-east-1",
        endpoint_url="http://127.0.0.1:1",
        aws_access_key_id="k",
        aws_secret_access_key="s",
        config=Config(parameter_validation=False, s3={"addressing_style": "path"}),
    )

    def stop(request: Any, **_: Any) -> None:
        raise Sent(request)

    client.meta.events.register("before-send", stop)
    with pytest.raises(Sent) as caught:
        getattr(client, method)(**parameters)
    request = caught.value.args[0]
    url = urlsplit(request.url)
    body = request.body or b""
    body = body.encode() if isinstance(body, str) else body if isinstance(body, bytes) else body.read()
    headers = {
        f"HTTP_{name.upper().replace('-', '_')}": value.decode() if isinstance(value, bytes) else str(value)
        for name, value in request.headers.items()
    }
    environ = {
        **headers,
        "REQUEST_METHOD": request.method,
        "PATH_INFO": unquote(url.path).encode().decode("latin-1"),
        "QUERY_STRING": url.query,
        "CONTENT_TYPE": headers.get("HTTP_CONTENT_TYPE", ""),
        "CONTENT_LENGTH": str(len(body)),
        "HTTP_HOST": url.netloc,
        "wsgi.input": io.BytesIO(body),
        "localaws.service": {"lambda": "awslambda"}.get(service, service),
    }
    return Call(environ, "123456789012", "us-east-1")


@pytest.mark.parametrize(
    ("service", "method", "parameters", "wanted"), NEEDED, ids=[f"{row[0]}.{row[1]}" for row in NEEDED]
)
def test_what_a_request_needs(
    service: str, method: str, parameters: dict[str, Any], wanted: list[tuple[str, str]]
) -> None:
    call = sent(service, method, parameters)

    assert [(access.action, access.resource) for access in needed(call)] == wanted


def test_a_body_that_was_looked_at_can_still_be_read() -> None:
    call = sent("sns", "publish", {"TopicArn": T, "Message": "x"})
    assert needed(call)

    assert b"Message=x" in call.environ["wsgi.input"].read()


def test_conditions_of_the_request_are_in_its_context() -> None:
    listing = sent(
        "s3", "list_objects_v2", {"Bucket": "shop", "Prefix": "a/", "Delimiter": "/", "MaxKeys": 5}
    )
    putting = sent("s3", "put_object", {**ONE, "ServerSideEncryption": "AES256"})
    metric = sent("cloudwatch", "put_metric_data", {"Namespace": "N", "MetricData": []})

    assert needed(listing)[0].context == {
        "s3:prefix": ("a/",),
        "s3:delimiter": ("/",),
        "s3:max-keys": ("5",),
    }
    assert needed(putting)[0].context == {"s3:x-amz-server-side-encryption": ("AES256",)}
    assert needed(metric)[0].context == {"cloudwatch:namespace": ("N",)}
