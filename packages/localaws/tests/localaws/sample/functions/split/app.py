"""Start an execution with the lines of a text that was dropped in the bucket."""

import json
import os
from urllib.parse import unquote_plus

import boto3
from words import lines_of


def handler(event, context):
    found = event["Records"][0]["s3"]
    bucket, key = found["bucket"]["name"], unquote_plus(found["object"]["key"])
    body = boto3.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read().decode()
    print(f"splitting {key} at stage {os.environ['STAGE']}")  # noqa: T201 - Lambda's log
    started = boto3.client("stepfunctions").start_execution(
        stateMachineArn=os.environ["STATE_MACHINE"], input=json.dumps({"key": key, "lines": lines_of(body)})
    )
    return {"execution": started["executionArn"], "function": context.function_name}
