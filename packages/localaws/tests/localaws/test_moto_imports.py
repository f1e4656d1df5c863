"""What is not imported at the start is there when somebody asks for it."""

import json
import subprocess
import sys

PROGRAM = """
import json, sys
from localaws import LocalAws
with LocalAws() as aws:
    early = [name for name in ("moto.ec2", "moto.batch", "moto.apigateway") if name in sys.modules]
    image = aws.client("ssm").get_parameter(
        Name="/aws/service/ami-amazon-linux-latest/amzn2-ami-hvm-x86_64-gp2"
    )["Parameter"]["Value"]
    print(json.dumps({
        "early": early,
        "image": image,
        "known": len(aws.client("ec2").describe_images(ImageIds=[image])["Images"]),
        "apis": aws.client("apigateway").get_rest_apis()["items"],
        "clusters": aws.client("ecs").list_clusters()["clusterArns"],
        "queues": aws.client("batch").describe_job_queues()["jobQueues"],
    }))
"""


def test_services_that_were_left_out_are_whole_when_they_are_asked_for() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told.pop("image").startswith("ami-")
    assert told == {"early": [], "known": 1, "apis": [], "clusters": [], "queues": []}


def test_what_is_imported_already_stays_what_it_is() -> None:
    program = "import moto.ec2; real = moto.ec2.ec2_backends\n" + PROGRAM
    program += "    assert moto.ec2.ec2_backends is real\n"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["early"] == ["moto.ec2"]
