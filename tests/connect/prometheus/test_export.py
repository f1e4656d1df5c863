"""A metric is pulled, forecast by the real pipeline, served, scraped and alerted on by a real Prometheus."""

import json
import math
import re
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from localaws import LocalAws
from stepcast.connect.errors import ConnectorError
from stepcast.connect.prometheus.client import Client
from stepcast.connect.prometheus.connection import connection
from stepcast.connect.prometheus.exporter import Exporter
from stepcast.connect.prometheus.future import METRIC, write_forecast
from stepcast.connect.prometheus.source import Wish, pull
from stepcast.connect.prometheus.vintage import Vintage, current_vintage
from stepcast.connect.train_file import S3Object
from tests.cli.processes import command
from tests.connect.prometheus.conftest import PATIENCE, SETTINGS, Store, await_run
from tests.services import Server, prometheus, running, victoria_metrics

ROOT = Path(__file__).parents[3]
STEP, DAY, HORIZON = 300, 86_400, 24
PARAMS = {
    "DatasetGroup": {"DatasetGroupName": "Load", "Domain": "CUSTOM"},
    "Datasets": [
        {
            "DatasetName": "Load",
            "Domain": "CUSTOM",
            "DatasetType": "TARGET_TIME_SERIES",
            "DataFrequency": "5min",
            "Schema": {
                "Attributes": [
                    {"AttributeName": "item_id", "AttributeType": "string"},
                    {"AttributeName": "timestamp", "AttributeType": "timestamp"},
                    {"AttributeName": "target_value", "AttributeType": "float"},
                ]
            },
        }
    ],
    "Predictor": {
        "PredictorName": "Load",
        "ForecastHorizon": HORIZON,
        "FeaturizationConfig": {"ForecastFrequency": "5min"},
        "AlgorithmArn": "arn:aws:forecast:::algorithm/NPTS",
    },
    "Forecast": {"ForecastName": "Load", "ForecastTypes": ["0.1", "0.5", "0.9", "mean"]},
}


@dataclass(frozen=True)
class Forecasted:
    """A Prometheus with the load of two instances, and a stack with the forecast of it."""

    store: Store
    aws: LocalAws
    bucket: str

    @property
    def vintage(self) -> Vintage:
        vintage = current_vintage(self.aws.client("s3"), self.bucket)
        assert vintage is not None
        return vintage

    def export(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        line = command(
            "export", "prometheus", "--endpoint", self.aws.endpoint, "--leads", "0s,1h", *arguments
        )
        return subprocess.run(line, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def forecasted(tmp_path_factory: pytest.TempPathFactory, node: Server) -> Iterator[Forecasted]:
    """Three days of load, pulled into the bucket, and the run that this starts, to its end."""
    settings = {"prometheus.yml": SETTINGS.format(port=node.port)}
    with (
        running(prometheus.SERVICE, tmp_path_factory.mktemp("alerting"), settings) as server,
        LocalAws() as aws,
    ):
        store = Store(server, Client(connection(server.url)))
        now = int(time.time())
        for number, instance in enumerate(("a:1", "b:1"), 1):
            history = range(now - 3 * DAY, now, 60)
            points = [(float(when), number * (20 + 5 * math.sin(when / 3600) + when % 7)) for when in history]
            store.write({"__name__": "load", "instance": instance, "job": "x"}, points)
        outputs = aws.deploy(ROOT / "template.yaml", "stepcast", {"SettleSeconds": "0"}).outputs
        bucket = outputs["BucketName"]
        s3 = aws.client("s3")
        s3.put_object(Bucket=bucket, Key="params.json", Body=json.dumps(PARAMS))
        pull(store.client, Wish("load", "5min", since="3d"), S3Object(s3, bucket, "train/load.csv"))
        await_run(aws, outputs["StateMachineArn"])
        yield Forecasted(store, aws, bucket)


@contextmanager
def exporting(forecasted: Forecasted, *arguments: str) -> Iterator[str]:
    """``stepcast export prometheus`` as a process; the address that it says."""
    line = ["export", "prometheus", "--port", "0", "--endpoint", forecasted.aws.endpoint, *arguments]
    with subprocess.Popen(command(*line), stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            said = process.stdout.readline()
            found = re.search(r"http://(127\.0\.0\.1:\d+)/metrics", said)
            assert found is not None, said
            yield found[1]
        finally:
            process.terminate()
            assert process.wait(PATIENCE) == 0


def alerts(store: Store) -> dict[str, list[dict[str, str]]]:
    """The labels of the alerts that fire, by name."""
    found: dict[str, list[dict[str, str]]] = {}
    for alert in store.client.data("/api/v1/alerts")["alerts"]:
        if alert["state"] == "firing":
            found.setdefault(alert["labels"]["alertname"], []).append(alert["labels"])
    return found


def test_alerts_fire_from_exported_forecasts_and_no_scrape_is_harmed(forecasted: Forecasted) -> None:
    """The load of a:1 leaps above its P90; both are expected above 1 in an hour."""
    store, folder = forecasted.store, forecasted.store.server.folder
    asked = ("--rules", "--query", "load", "--threshold", "1")
    made = forecasted.export(*asked)
    assert made.returncode == 0, made.stderr
    (folder / "rules.yml").write_text(made.stdout)
    checked = subprocess.run(
        [store.server.start.executable.with_name("promtool"), "check", "rules", folder / "rules.yml"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stderr
    assert "SUCCESS: 5 rules found" in checked.stdout

    with exporting(forecasted, "--leads", "0s,1h") as address:
        settings = (folder / "prometheus.yml").read_text()
        settings += (
            f"  - {{job_name: stepcast, honor_labels: true, static_configs: [{{targets: ['{address}']}}]}}\n"
        )
        (folder / "prometheus.yml").write_text(f"{settings}rule_files: [rules.yml]\n")
        reload = urllib.request.Request(f"{store.url}/-/reload", method="POST")  # noqa: S310 - a loopback address
        urllib.request.urlopen(reload).close()  # noqa: S310 - the same
        deadline = time.monotonic() + PATIENCE
        fired: dict[str, Any] = {}
        while {"StepcastAboveForecast", "StepcastWillExceed"} - set(fired) and time.monotonic() < deadline:
            now = time.time()
            store.write({"__name__": "load", "instance": "a:1", "job": "x"}, [(now, 1000.0)])
            store.write({"__name__": "load", "instance": "b:1", "job": "x"}, [(now, 1.0)])
            time.sleep(0.5)
            fired = alerts(store)
        ups = {row["metric"]["job"]: row["value"][1] for row in store.client.instant("up", time.time())}

    assert [labels["instance"] for labels in fired["StepcastAboveForecast"]] == ["a:1"]
    assert sorted(labels["instance"] for labels in fired["StepcastWillExceed"]) == ["a:1", "b:1"]
    assert set(fired) == {"StepcastAboveForecast", "StepcastWillExceed"}
    assert ups == {"node": "1", "stepcast": "1"}
    assert "out of bounds" not in store.server.log


def test_without_honor_labels_an_alert_says_so(forecasted: Forecasted) -> None:
    made = forecasted.export("--rules", "--query", "load")

    assert 'count(stepcast_forecast{exported_instance!=\\"\\"}) > 0' in made.stdout
    assert "StepcastWillExceed" not in made.stdout


def test_what_is_served_is_the_forecast_between_its_moments_until_its_end(forecasted: Forecasted) -> None:
    vintage, s3 = forecasted.vintage, forecasted.aws.client("s3")
    (first, second), median = vintage.moments[:2], vintage.series[0].outputs["p50"]
    assert [one.labels["item_id"] for one in vintage.series] == ["instance=a:1", "instance=b:1"]

    def page(moment: float, *leads: str) -> str:
        return Exporter(s3, forecasted.bucket, leads, 100, clock=lambda: moment).page()

    between = page((first + second) / 2, "0s")
    ahead = page(first - 3600, "1h")
    late = page(vintage.moments[-1] + 1, "0s", "1h")

    name = 'stepcast_forecast{item_id="instance=a:1",instance="a:1",quantile="0.5",lead='
    assert f'{name}"0s"}} {(median[0] + median[1]) / 2!r}\n' in between
    assert f'{name}"1h"}} {median[0]!r}\n' in ahead
    assert "\nstepcast_forecast{" not in late
    assert f"\nstepcast_forecast_age_seconds {vintage.moments[-1] + 1 - vintage.made!r}\n" in late
    assert f"\nstepcast_forecast_end_timestamp_seconds {vintage.moments[-1]!r}\n" in late
    assert 'stepcast_accuracy{scope="all",metric="wql"} ' in late
    assert 'stepcast_accuracy{item_id="instance=b:1",instance="b:1",scope="item",metric="coverage"} ' in late
    assert "\nstepcast_bucket_reached 1\n" in late


def test_a_forecast_that_is_moved_while_it_is_read_is_read_again(forecasted: Forecasted) -> None:
    """As UpdateAthena of a newer run does: an object that was listed is gone."""
    s3, gone = forecasted.aws.client("s3"), []

    class Moving:
        """A client that misses the first object of the forecast that it asks for."""

        def get_object(self, Key: str, **given: Any) -> Any:  # noqa: N803 - S3's
            if "/raw/" in Key and not gone:
                gone.append(Key)
                return s3.get_object(Key=f"{Key}-gone", **given)
            return s3.get_object(Key=Key, **given)

        def __getattr__(self, name: str) -> Any:
            return getattr(s3, name)

    vintage = current_vintage(Moving(), forecasted.bucket)

    assert gone
    assert vintage == forecasted.vintage


def test_more_series_than_asked_for_are_not_served(forecasted: Forecasted) -> None:
    done = forecasted.export("--port", "0", "--most-series", "10")

    assert done.returncode == 1
    assert "the forecast has 16 series" in done.stderr
    assert "--most-series 16" in done.stderr


def test_a_bucket_out_of_reach_is_said_and_the_forecast_that_was_read_stays(forecasted: Forecasted) -> None:
    moments = iter([forecasted.vintage.moments[0], forecasted.vintage.moments[1]])

    class Breaking:
        """An S3 client whose network breaks after the first page."""

        def __init__(self, s3: Any) -> None:
            self.s3 = s3

        def __getattr__(self, name: str) -> Any:
            return getattr(self.s3, name)

    network = Breaking(forecasted.aws.client("s3"))
    exporter = Exporter(network, forecasted.bucket, ("0s",), 100, clock=lambda: next(moments))
    exporter.page()
    import boto3

    network.s3 = boto3.client(
        "s3",
        endpoint_url="http://127.0.0.1:1",
        aws_access_key_id="x",
        aws_secret_access_key="x",
        region_name="us-east-1",
    )

    page = exporter.page()

    assert "\nstepcast_bucket_reached 0\n" in page
    assert 'stepcast_forecast{item_id="instance=a:1"' in page


def test_the_dashboard_asks_what_the_server_answers(forecasted: Forecasted) -> None:
    done = forecasted.export("--dashboard", "--query", "load")
    panels = json.loads(done.stdout)["panels"]
    asked = [target["expr"] for panel in panels for target in panel["targets"]]

    for expression in asked:
        forecasted.store.client.instant(expression.replace("$item", ".*"), time.time())
    assert [panel["title"] for panel in panels] == [
        "Expected now",
        "Expected in 1h",
        "Age of the forecast",
        "Error in the backtest",
    ]
    assert asked.count("load") == 2


def test_the_future_is_never_written_to_prometheus(forecasted: Forecasted) -> None:
    done = forecasted.export("--remote-write", forecasted.store.url, "--keeps-future")

    assert done.returncode == 1
    assert "is a Prometheus server: one sample with a future time makes it reject all others" in done.stderr
    assert forecasted.store.client.data("/api/v1/query", {"query": METRIC})["result"] == []


def test_a_store_that_keeps_the_future_gives_back_what_was_written(
    forecasted: Forecasted, tmp_path: Path
) -> None:
    with running(victoria_metrics.SERVICE, tmp_path / "victoria") as server:
        done = forecasted.export("--remote-write", f"{server.url}/api/v1/write")
        client, vintage = Client(connection(server.url)), forecasted.vintage
        far = replace(vintage, moments=[moment + 3 * DAY for moment in vintage.moments])
        far = replace(far, manifest=far.manifest.model_copy(update={"vintage": "later"}))
        with pytest.raises(
            ConnectorError, match=r"accepted 192 samples and returns 0: .* VictoriaMetrics keeps two days"
        ):
            write_forecast(client, far, "/api/v1/write", vouched=False)

    assert done.returncode == 0, done.stderr
    assert done.stdout == f"192 samples written to {server.url} and read back\n"


def test_a_store_that_is_not_known_has_to_be_vouched_for(forecasted: Forecasted, node: Server) -> None:
    done = forecasted.export("--remote-write", node.url)

    assert done.returncode == 1
    assert "is not known to store samples with future times" in done.stderr
