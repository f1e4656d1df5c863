"""An emulated account with the bucket, for the steps' own logic; the whole runs in tests/e2e."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest

from stepcast.pipeline import vintages
from stepcast.pipeline.run import Run, fingerprint
from tests.pipeline.given import params_bytes
from tests.pipeline.mocked import mocked_aws

BUCKET = "stepcast-test"


@dataclass
class Account:
    """Clients, and the bucket with input in it."""

    s3: Any

    def put(self, key: str, body: bytes | str = b"x") -> None:
        self.s3.put_object(Bucket=BUCKET, Key=key, Body=body)

    def keys(self, prefix: str = "") -> list[str]:
        return [
            row["Key"] for row in self.s3.list_objects_v2(Bucket=BUCKET, Prefix=prefix).get("Contents", [])
        ]

    def text(self, key: str) -> str:
        return self.body(key).decode()

    def body(self, key: str) -> bytes:
        return bytes(self.s3.get_object(Bucket=BUCKET, Key=key)["Body"].read())

    def run(self, vintage: str = "2026-01-02T03-04-05Z") -> Run:
        """A run for the bucket's present input."""
        return Run(bucket=BUCKET, run=str(fingerprint(self.s3, BUCKET)), vintage=vintage)

    def exported(
        self, vintage: str, *, published: bool = False, run: str = "r", **changes: Any
    ) -> vintages.Manifest:
        """Write a vintage as Export leaves it."""
        columns = {"item_id": "string", "timestamp": "string", "target_value": "double"}
        facts: dict[str, Any] = {
            "run": run,
            "vintage": vintage,
            "predictor": f"SalesPredictor_{vintage.replace('-', '')}",
            "dataset": "Sales",
            "import_job": f"Sales_{vintage.replace('-', '')}",
            "items": 1,
            "horizon": 1,
            "frequency": "D",
            "first": "2026-02-01T00:00:00",
            "last": "2026-02-01T00:00:00",
            "train_columns": columns,
            "clean_columns": columns | {"type": "string"},
            "wide_columns": {"item_id": "string", "date": "string", "p50": "double"},
            "accuracy_columns": {"item_id": "string", "rmse": "double"},
            "leaderboard_columns": {"item_id": "string", "score": "double"},
            "metric": "WAPE",
            "best": "AutoPredictor",
            "scores": {"SeasonalNaive": 0.5, "AutoPredictor": 0.25},
            "published": datetime.now(UTC) if published else None,
        }
        manifest = vintages.Manifest.model_validate(facts | changes)
        self.put(
            f"forecast/{vintage}/clean/part-0.csv",
            "item_id,timestamp,target_value,type\nlamp,2026-02-01,1.0,p50\n",
        )
        self.put(f"forecast/{vintage}/raw/x_part0.csv", "item_id,date,p50\nlamp,2026-02-01T00:00:00Z,1.0\n")
        vintages.write(self.s3, BUCKET, manifest)
        return manifest


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    """A bucket that holds params.json and one file under train/."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mocked_aws():
        s3 = boto3.client("s3")
        s3.create_bucket(Bucket=BUCKET)
        account = Account(s3)
        account.put("params.json", params_bytes())
        account.put("train/a.csv", "lamp,2026-01-01,1\n")
        yield account
        s3.close()
