"""``stepcast validate``: everything the import would say, without a run."""

import gzip
import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from moto.server import ThreadedMotoServer

from tests.cli import small_input
from tests.cli.processes import PATIENCE, command
from tests.pipeline.given import params_document


def stepcast(*arguments: str | Path, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(*arguments),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        env={**os.environ, "COLUMNS": "200", **variables},
        check=False,
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Good input, laid out as the bucket is."""
    (tmp_path / "train").mkdir()
    small_input.write(tmp_path)
    for file in tmp_path.glob("*.csv"):
        file.rename(tmp_path / "train" / file.name)
    return tmp_path


def files(folder: Path) -> list[str | Path]:
    return ["--params", folder / "params.json", "--train", *sorted((folder / "train").iterdir())]


def test_good_input_is_described_in_a_line(folder: Path) -> None:
    answer = stepcast("validate", *files(folder))

    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.startswith(
        "Read: 3 files, 210 rows, 3 items, 2026-01-01 to 2026-03-11, D (calendar days), "
        "100% of 210 periods observed, 0 filled, 0 duplicate rows\n"
    )
    assert "No problems" in answer.stdout
    assert answer.stderr == ""


def test_every_problem_is_named_with_its_place_and_the_exit_code_is_1(folder: Path) -> None:
    (folder / "train" / "bad.csv").write_text(
        "sun lamp,2026-01-01,4 pieces,Bonn\nsun lamp,2026-13-01,4,Bonn\n"
    )

    answer = stepcast("validate", *files(folder))

    assert answer.returncode == 1
    assert "2 errors\n- V05 train/bad.csv line 1, item sun lamp: 'demand' is '4 pieces'" in answer.stdout
    assert "- V06 train/bad.csv line 2, item sun lamp: 'timestamp' is '2026-13-01'" in answer.stdout
    assert answer.stderr == "stepcast: the input has 2 errors; a run would stop before training\n"


def test_json_is_the_report_of_a_run(folder: Path) -> None:
    (folder / "train" / "README").write_text("not data")

    answer = stepcast("validate", folder, "--json")

    told = json.loads(answer.stdout)
    assert answer.returncode == 0
    assert (told["errors"], told["warnings"]) == (0, 1)
    assert told["problems"][0]["file"] == "train/README"
    assert told["read"]["rows"] == 210
    assert told["read"]["observed"] == told["read"]["periods"] == 210


def test_run_with_check_says_the_same_and_needs_no_out(folder: Path) -> None:
    assert stepcast("run", "--check", *files(folder)).stdout == stepcast("validate", *files(folder)).stdout


def test_errors_in_params_json_come_before_the_files(folder: Path) -> None:
    (folder / "params.json").write_text("{}")

    answer = stepcast("validate", folder)

    assert answer.returncode == 1
    assert "params $.Predictor: the key is missing" in answer.stdout


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "give --params FILE"),
        (["absent"], "absent is not a folder"),
        (["--params", "params.json"], "--train is required"),
        (["--params", "params.json", "--train", "params.json"], ".csv.gz"),
        (["--params", "params.json", "--train", "a.csv", "b.csv"], "b.csv does not exist"),
    ],
)
def test_usage_errors_exit_with_2(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], says: str
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("params.json", "a.csv"):
        (tmp_path / name).write_text("{}")

    answer = stepcast("validate", *arguments)

    assert answer.returncode == 2
    assert says in answer.stderr


def test_a_folder_without_params_json_hears_of_init(tmp_path: Path) -> None:
    answer = stepcast("validate", tmp_path)

    assert answer.returncode == 1
    assert "stepcast init" in answer.stderr


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


def test_a_bucket_is_read_and_left_as_it_was(folder: Path, endpoint: str) -> None:
    keys = {"AWS_ACCESS_KEY_ID": "any", "AWS_SECRET_ACCESS_KEY": "any", "AWS_DEFAULT_REGION": "us-east-1"}
    s3 = boto3.client(
        "s3",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id="any",
        aws_secret_access_key="any",
    )
    s3.create_bucket(Bucket="lamps")
    given = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    for key in given:
        s3.upload_file(str(folder / key), "lamps", key)

    answer = stepcast("validate", "s3://lamps", AWS_ENDPOINT_URL=endpoint, **keys)

    assert answer.returncode == 0, answer.stderr
    assert answer.stdout == stepcast("validate", folder).stdout
    assert [entry["Key"] for entry in s3.list_objects_v2(Bucket="lamps")["Contents"]] == given


@pytest.mark.parametrize("header", ["", "date,number\n"])
@pytest.mark.parametrize("named", [True, False], ids=["in the schema", "not in the schema"])
def test_a_file_without_an_item_is_read_with_the_name_of_one(
    tmp_path: Path, header: str, named: bool
) -> None:
    """Whether or not the schema has the column; lines that are wrong keep their number."""
    columns = {"item_id": "string", "timestamp": "timestamp", "target_value": "float"}
    own = [{"AttributeName": name, "AttributeType": kind} for name, kind in columns.items()]
    params = params_document(Datasets__0__Schema={"Attributes": own if named else own[1:]})
    (tmp_path / "params.json").write_text(json.dumps(params))
    days = "".join(f"2024-01-{day:02},{day}\n" for day in range(1, 31))
    (tmp_path / "one.csv").write_text(header + days)
    (tmp_path / "two.csv.gz").write_bytes(gzip.compress(b"2024-02-01,1\n\n2024-02-02,many\n"))
    given = ["--params", tmp_path / "params.json", "--item", "the lamp", "--train"]

    good = stepcast("validate", *given, tmp_path / "one.csv")
    bad = stepcast("validate", *given, tmp_path / "one.csv", tmp_path / "two.csv.gz")

    assert good.returncode == 0, good.stdout
    assert "30 rows, 1 item" in good.stdout
    assert "train/two.csv line 3, item the lamp: 'target_value' is 'many'" in bad.stdout


def test_a_file_that_names_its_items_needs_no_name(folder: Path) -> None:
    answer = stepcast("validate", *files(folder), "--item", "lamp")

    assert answer.returncode == 1
    assert "already has 4 columns" in answer.stderr
