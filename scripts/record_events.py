"""Write events/<step>.json: what each function is given when testing-data/ is forecast by params.json.

``--check`` writes nothing and fails where a file is out of date.
"""

import base64
import json
import sys
from pathlib import Path
from typing import Any

import boto3
from moto import mock_aws

from stepcast.pipeline.run import Run, fingerprint

ROOT = Path(__file__).parents[1]
REGION = "us-east-1"
BUCKET = f"stepcast-123456789012-{REGION}"  # as template.yaml names it for a stack called stepcast
VINTAGE = "2026-01-02T03-04-05Z"


def run_of_testing_data() -> Run:
    """The run that an upload of the project's own input starts."""
    with mock_aws():
        s3 = boto3.client("s3", region_name=REGION)
        s3.create_bucket(Bucket=BUCKET)
        files = {"params.json": ROOT / "params.json"}
        files |= {f"train/{path.name}": path for path in sorted((ROOT / "testing-data/train").glob("*.csv"))}
        for key, path in files.items():
            s3.put_object(Bucket=BUCKET, Key=key, Body=path.read_bytes())
        return Run(bucket=BUCKET, run=str(fingerprint(s3, BUCKET)), vintage=VINTAGE)


def upload_event() -> dict[str, Any]:
    """What S3 sends for one file."""
    return {
        "Records": [
            {
                "eventVersion": "2.1",
                "eventSource": "aws:s3",
                "awsRegion": REGION,
                "eventTime": "2026-01-02T03:04:04.000Z",
                "eventName": "ObjectCreated:Put",
                "s3": {
                    "s3SchemaVersion": "1.0",
                    "bucket": {"name": BUCKET, "arn": f"arn:aws:s3:::{BUCKET}"},
                    "object": {"key": "params.json"},
                },
            }
        ]
    }


def scheduled_event() -> dict[str, Any]:
    """What EventBridge sends when a schedule comes."""
    return {
        "version": "0",
        "id": "00000000-0000-0000-0000-000000000000",
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": "123456789012",
        "time": "2026-01-02T03:04:04Z",
        "region": REGION,
        "resources": [f"arn:aws:events:{REGION}:123456789012:rule/stepcast-PullPrometheusFunctionSchedule"],
        "detail": {},
    }


def kafka_event() -> dict[str, Any]:
    """What Lambda sends to PullKafka for a batch of a topic in MSK, here of two messages."""
    cluster = f"arn:aws:kafka:{REGION}:123456789012:cluster/readings/8f4c9a5e-0000-4000-8000-000000000000-2"
    records = [
        {
            "topic": "readings",
            "partition": 0,
            "offset": 15 + number,
            "timestamp": 1_767_225_600_000,
            "timestampType": "CREATE_TIME",
            "key": base64.b64encode(b"villa").decode(),
            "value": base64.b64encode(
                json.dumps(
                    {"item_id": "villa", "timestamp": f"2026-01-01T0{number}:00:00Z", "target_value": number}
                ).encode()
            ).decode(),
            "headers": [{"unit": list(b"kWh")}],
        }
        for number in range(2)
    ]
    return {
        "eventSource": "aws:kafka",
        "eventSourceArn": cluster,
        "bootstrapServers": f"b-1.readings.kafka.{REGION}.amazonaws.com:9098",
        "records": {"readings-0": records},
    }


def events() -> dict[str, dict[str, Any]]:
    """The event of every function."""
    run = run_of_testing_data().model_dump(mode="json")
    shard = {name: run[name] for name in ("bucket", "run", "vintage")} | {"shard": 0}
    ending = {name: run[name] for name in ("bucket", "run", "vintage")} | {"ending": "kept"}
    of_the_run = ("create_dataset", "import_data", "monitor_drift", "fit_shared", "reconcile", "export")
    of_the_run += ("update_athena", "notify")
    whole = dict.fromkeys(of_the_run, run)
    shards = dict.fromkeys(("train_predictor", "forecast"), shard)
    return {"start_execution": upload_event(), **whole, **shards, "cleanup": ending} | {
        "pull_prometheus": scheduled_event(),
        "pull_kafka": kafka_event(),
    }


def main() -> int:
    stale = []
    for name, event in events().items():
        path, text = ROOT / "events" / f"{name}.json", json.dumps(event, indent=2) + "\n"
        if not path.exists() or path.read_text() != text:
            stale.append(path.name)
            if "--check" not in sys.argv:
                path.write_text(text)
    if stale and "--check" in sys.argv:
        print(f"out of date: {', '.join(stale)}; run make events")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
