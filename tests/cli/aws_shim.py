"""``aws s3 cp`` and ``aws s3 sync`` as used in the docs, for machines without the aws command.

awscli pins its own botocore, so it cannot be installed beside boto3. Only what the documents use is here; any
other line fails. Where the real command is on the PATH, tests use that.
"""

import argparse
import fnmatch
import sys
from pathlib import Path

import boto3


def main() -> None:
    parser = argparse.ArgumentParser("aws")
    parser.add_argument("--endpoint-url")
    parser.add_argument("service", choices=["s3"])
    parser.add_argument("operation", choices=["cp", "sync"])
    parser.add_argument("source", type=Path)
    parser.add_argument("target")
    parser.add_argument("--exclude")
    parser.add_argument("--include")
    given = parser.parse_args()
    bucket, _, key = given.target.removeprefix("s3://").partition("/")
    s3 = boto3.client("s3", endpoint_url=given.endpoint_url)
    files = [given.source] if given.operation == "cp" else sorted(given.source.rglob("*"))
    for path in files:
        name = path.relative_to(given.source).as_posix() if given.operation == "sync" else path.name
        if path.is_dir() or (given.exclude and not fnmatch.fnmatch(name, given.include or "")):
            continue
        s3.upload_file(str(path), bucket, f"{key}{name}" if not key or key.endswith("/") else key)


if __name__ == "__main__":
    sys.exit(main())
