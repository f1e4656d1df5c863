"""What versions and a bucket in another store cost: small uploads, and queries of files that are here.

``python -m benchmarks.stores``. What is compared is measured in turns; only ratios mean something, as
machines are noisy. The store is SeaweedFS (``scripts/services bring seaweedfs``).
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.credentials import Credentials

from localaws import LocalAws, RemoteBucket
from tests.services import seaweedfs
from tests.services.server import started

LINES = "".join(f"item{number % 50},{number},{number / 7:.3f}\n" for number in range(20_000)).encode()
SUMS = "SELECT item, sum(value) FROM {table} GROUP BY item"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=200)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "store" / "data"
        data.mkdir(parents=True)
        with started(seaweedfs.SERVICE, data.parent) as store:
            keys = Credentials(seaweedfs.ACCESS_KEY, seaweedfs.SECRET)
            direct = client(store.url, seaweedfs.ACCESS_KEY, seaweedfs.SECRET)
            direct.create_bucket(Bucket="elsewhere")
            remote = RemoteBucket("elsewhere", store.url, keys)
            with LocalAws(state=Path(folder) / "state", remote_buckets=[remote]) as aws:
                measure(aws, direct, given.rounds)


def measure(aws: LocalAws, direct: Any, rounds: int) -> None:
    s3 = client(aws.endpoint, "key", "secret")
    for bucket in ("plain", "versioned", "elsewhere"):
        aws.client("s3").create_bucket(Bucket=bucket)
    s3.put_bucket_versioning(Bucket="versioned", VersioningConfiguration={"Status": "Enabled"})

    def put(client: Any, bucket: str, key: str) -> Callable[[int], object]:
        return lambda n: client.put_object(Bucket=bucket, Key=key.format(n), Body=b"x" * 1000)

    report(
        "PutObject of 1 kB",
        {
            "without versions": put(s3, "plain", "a/{}"),
            "with versions": put(s3, "versioned", "a/{}"),
            "with versions, one key again and again": put(s3, "versioned", "same"),
            "in the store, by way of localaws": put(s3, "elsewhere", "a/{}"),
            "in the store itself": put(direct, "elsewhere", "b/{}"),
        },
        rounds,
    )
    for bucket in ("plain", "elsewhere"):
        s3.put_object(Bucket=bucket, Key="table/part-0.csv", Body=LINES)
        ask(
            aws,
            f"CREATE EXTERNAL TABLE {bucket} (item string, number int, value double) "
            f"ROW FORMAT DELIMITED FIELDS TERMINATED BY ',' LOCATION 's3://{bucket}/table/'",
        )
        ask(aws, SUMS.format(table=bucket))
    report(
        "query of a file that was read before",
        {
            "of this machine": lambda _: ask(aws, SUMS.format(table="plain")),
            "of the store": lambda _: ask(aws, SUMS.format(table="elsewhere")),
        },
        max(10, rounds // 10),
    )


def report(title: str, works: dict[str, Callable[[int], object]], rounds: int) -> None:
    took: dict[str, list[float]] = {name: [] for name in works}
    for number in range(rounds):
        for name, work in works.items():
            began = time.perf_counter()
            work(number)
            took[name].append(time.perf_counter() - began)
    first = statistics.median(next(iter(took.values())))
    print(f"{title}, median of {rounds}:")
    for name, seconds in took.items():
        median = statistics.median(seconds)
        print(f"  {name:<42} {1000 * median:8.2f} ms  {median / first:6.2f}")


def ask(aws: LocalAws, sql: str) -> None:
    athena = aws.client("athena")
    query = {
        "QueryExecutionId": athena.start_query_execution(
            QueryString=sql, ResultConfiguration={"OutputLocation": "s3://plain/results/"}
        )["QueryExecutionId"]
    }
    while (status := athena.get_query_execution(**query)["QueryExecution"]["Status"])["State"] not in (
        "SUCCEEDED",
        "FAILED",
    ):
        time.sleep(0.002)  # Athena has no call that waits
    assert status["State"] == "SUCCEEDED", status


def client(endpoint: str, key: str, secret: str) -> Any:
    return boto3.client(
        "s3",
        endpoint_url=endpoint,
        aws_access_key_id=key,
        aws_secret_access_key=secret,
        region_name="us-east-1",
        config=Config(s3={"addressing_style": "path"}),
    )


if __name__ == "__main__":
    main()
