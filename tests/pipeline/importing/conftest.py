"""An import through the public entry, from a bucket behind a real S3 API (moto's server) on 127.0.0.1."""

import tempfile
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from moto.server import ThreadedMotoServer

from stepcast.pipeline import layout, objects
from stepcast.pipeline.importing import Covariates, import_metadata, import_related, import_target
from stepcast.pipeline.problems import Report
from tests.pipeline.importing.harness import ROWS, RUN, ImportFiles, Outcome, params


@pytest.fixture(scope="session")
def s3() -> Iterator[Any]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    client = boto3.client(
        "s3",
        endpoint_url=f"http://{host}:{port}",
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(s3={"addressing_style": "path"}),
    )
    yield client
    client.close()
    server.stop()


@pytest.fixture
def bucket(s3: Any) -> str:
    name = f"bucket-{uuid.uuid4()}"
    s3.create_bucket(Bucket=name)
    return name


@pytest.fixture
def import_files(s3: Any, bucket: str, tmp_path: Path) -> ImportFiles:
    """Upload files, named by what follows ``train/``, and ``covariates`` by their keys; import all."""

    def act(
        files: str | bytes | Mapping[str, str | bytes],
        covariates: Mapping[str, str | bytes] | None = None,
        **settings: Any,
    ) -> Outcome:
        objects.delete_all(s3, bucket, "")
        given = files if isinstance(files, Mapping) else {"a.csv": files}
        for name, content in given.items():
            body = content.encode() if isinstance(content, str) else content
            s3.put_object(Bucket=bucket, Key=layout.TRAIN + name, Body=body)
        for key, content in (covariates or {}).items():
            s3.put_object(
                Bucket=bucket, Key=key, Body=content.encode() if isinstance(content, str) else content
            )
        report, asked = Report(), params(**settings)
        with tempfile.TemporaryDirectory() as folder:
            known = Covariates(
                asked,
                import_related(s3, bucket, asked, report, Path(folder)),
                import_metadata(s3, bucket, asked, report, Path(folder)),
            )
            imported = import_target(s3, bucket, RUN, asked, ROWS, report, tmp_path, covariates=known)
        assert list(tmp_path.iterdir()) == []  # the scratch folder is left as it was
        return Outcome(s3, bucket, imported, report)

    return act
