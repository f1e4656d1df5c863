"""The process to kill: the project's stack on a state folder."""

import json
import sys
import time
from pathlib import Path

from localaws import LocalAws

ROOT = Path(__file__).parents[2]

MACHINE = {
    "StartAt": "Note",
    "States": {
        "Note": {"Type": "Pass", "ResultPath": "$.noted", "Result": True, "Next": "Rest"},
        "Rest": {"Type": "Wait", "Seconds": 1, "Next": "Each"},
        "Each": {
            "Type": "Map",
            "ItemsPath": "$.items",
            "ItemProcessor": {"StartAt": "Item", "States": {"Item": {"Type": "Pass", "End": True}}},
            "End": True,
        },
    },
}


def serve(state: Path, port: int) -> None:
    """Serve, deploy what is not there yet, say so, and wait for the end."""
    with LocalAws(port=port, state=state) as aws:
        states = aws.client("stepfunctions")
        stacks = {stack["StackName"] for stack in aws.client("cloudformation").describe_stacks()["Stacks"]}
        if "stepcast" not in stacks:
            aws.deploy(ROOT / "template.yaml", "stepcast", {"SettleSeconds": "0"})
            aws.client("s3").create_bucket(Bucket="chaos")
            aws.client("sqs").create_queue(QueueName="chaos", Attributes={"VisibilityTimeout": "0"})
            role = "arn:aws:iam::123456789012:role/chaos"
            states.create_state_machine(name="chaos", definition=json.dumps(MACHINE), roleArn=role)
            aws.client("glue").create_database(DatabaseInput={"Name": "chaos"})
        print("ready", flush=True)
        while True:
            time.sleep(3600)


if __name__ == "__main__":
    serve(Path(sys.argv[1]), int(sys.argv[2]))
