"""When the disk is full, a call fails and says so; nothing before it is lost, and with room it goes on."""

import json
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

PLACES = 50

SCENARIO = f"""
import json, os, random, subprocess, sys
from pathlib import Path
from botocore.exceptions import ClientError
from localaws import LocalAws

disk = Path(sys.argv[1])
subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", str(disk)], check=True)
state, filler = disk / "state", disk / "filler"
chance = random.Random(7)
kept = {{"objects": {{}}, "messages": set(), "parameters": {{}}, "lines": set()}}
failures = []

def attempt(do):
    try:
        do()
        return True
    except ClientError as error:
        about = error.response
        failures.append((about["ResponseMetadata"]["HTTPStatusCode"], about["Error"]["Message"]))
        return False

def work(aws, place):
    s3, sqs, ssm = aws.client("s3"), aws.client("sqs"), aws.client("ssm")
    queue = sqs.get_queue_url(QueueName="q")["QueueUrl"]
    for step in range(8):
        name = f"{{place}}-{{step}}"
        body = bytes([place % 256, step]) * chance.choice([1, 500, 5000])
        key = f"k{{step % 3}}"
        kind = chance.choice(["object", "message", "parameter"])
        if kind == "object" and attempt(lambda: s3.put_object(Bucket="bucket", Key=key, Body=body)):
            kept["objects"][key] = body
        elif kind == "object":
            kept["objects"].pop(key, None)  # the old body or the new one, nobody was told which
        elif kind == "message" and attempt(lambda: sqs.send_message(QueueUrl=queue, MessageBody=name)):
            kept["messages"].add(name)
        elif kind == "parameter" and attempt(
            lambda: ssm.put_parameter(Name=f"p{{step}}", Type="String", Value=name, Overwrite=True)
        ):
            kept["parameters"][f"p{{step}}"] = name
        elif kind == "parameter":
            kept["parameters"].pop(f"p{{step}}", None)

def check(aws):
    s3, sqs, ssm = aws.client("s3"), aws.client("sqs"), aws.client("ssm")
    for key, body in kept["objects"].items():
        assert s3.get_object(Bucket="bucket", Key=key)["Body"].read() == body, key
    for name, value in kept["parameters"].items():
        assert ssm.get_parameter(Name=name)["Parameter"]["Value"] == value, name
    queue = sqs.get_queue_url(QueueName="q")["QueueUrl"]
    found = set()
    asked = {{"QueueUrl": queue, "MaxNumberOfMessages": 10, "VisibilityTimeout": 600}}
    while got := sqs.receive_message(**asked).get("Messages"):
        found |= {{message["Body"] for message in got}}
    assert kept["messages"] <= found, kept["messages"] - found

with LocalAws(state=state) as aws:
    aws.client("s3").create_bucket(Bucket="bucket")
    aws.client("sqs").create_queue(QueueName="q")
    for place in range({PLACES}):
        room = chance.choice([0, 4, 8, 16, 32, 64, 128]) * 1024
        about = os.statvfs(disk)
        with filler.open("wb") as file:
            file.write(b"x" * max(0, about.f_bavail * about.f_frsize - room))
        work(aws, place)
        filler.unlink()
        ended = attempt(lambda: aws.client("ssm").put_parameter(
            Name="again", Type="String", Value=str(place), Overwrite=True))
        assert ended, failures[-1]
with LocalAws(state=state) as aws:
    check(aws)
print(json.dumps({{"failures": len(failures), "statuses": sorted({{status for status, _ in failures}}),
                  "message": failures[0][1], "kept": sum(map(len, kept.values()))}}))
"""


def can_mount() -> bool:
    if shutil.which("unshare") is None:
        return False
    tried = ["unshare", "-rm", "sh", "-c", "mount -t tmpfs tmpfs /mnt"]
    return subprocess.run(tried, capture_output=True, check=False).returncode == 0


@pytest.mark.skipif(not can_mount(), reason="needs a file system of its own: unshare and mount of a tmpfs")
def test_a_disk_that_is_full_at_fifty_places_loses_nothing(tmp_path: Path) -> None:
    run = subprocess.run(
        ["unshare", "-rm", sys.executable, "-c", textwrap.dedent(SCENARIO), str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )

    assert run.returncode == 0, run.stderr
    told = json.loads(run.stdout)
    assert told["failures"] > PLACES
    assert told["statuses"] == [507]
    assert "free space on that disk" in told["message"]
    assert told["kept"] > PLACES / 2
