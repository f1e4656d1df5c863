"""Files and params.json over HTTP."""

import http.client
import json
from contextlib import closing
from typing import Any

import pytest

from tests.console.conftest import Site


def folder(site: Site, name: str) -> dict[str, int]:
    """The sizes of its files."""
    (found,) = (one for one in site.get("files")["folders"] if one["name"] == name)
    return {file["name"]: file["bytes"] for file in found["files"]}


def upload(site: Site, where: str, body: bytes, name: str = "files", **headers: str) -> tuple[int, Any]:
    with closing(http.client.HTTPConnection(site.netloc)) as connection:
        given = {"X-Stepcast-Token": site.token(), **headers}
        connection.request("POST", f"/_stepcast/api/v1/{name}?{where}", body, given)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())


def test_the_files_of_the_bucket_are_listed_by_folder(site: Site) -> None:
    assert {"desk_lamp.csv", "floor_lamp.csv", "street_lamp.csv"} <= set(folder(site, "train/"))
    assert folder(site, "related/") == {}


def test_an_upload_arrives_byte_for_byte_and_can_be_deleted(site: Site) -> None:
    body = bytes(range(256)) * 8192  # two megabytes: more than a document may have

    assert upload(site, "folder=metadata/&name=caf%C3%A9+1.csv.gz", body) == (
        200,
        {"key": "metadata/café 1.csv.gz"},
    )
    assert folder(site, "metadata/") == {"café 1.csv.gz": len(body)}
    assert site.send("deleted-files?folder=metadata/&name=caf%C3%A9+1.csv.gz", {}).status == 200
    assert folder(site, "metadata/") == {}


@pytest.mark.parametrize(
    ("where", "words"),
    [
        ("folder=train/&name=a/b.csv", "is not the name of a file"),
        ("folder=train/&name=..%5Cb.csv", "is not the name of a file"),
        ("folder=train/&name=.csv", "is not the name of a file"),
        ("folder=train/", "is not the name of a file"),
        ("folder=train/&name=sales.xlsx", "sales.xlsx is not read: a file's name must end in .csv"),
        ("folder=forecast/&name=a.csv", "folder must be one of train/, related/, metadata/"),
    ],
)
def test_what_a_run_does_not_read_is_refused(site: Site, where: str, words: str) -> None:
    status, told = upload(site, where, b"x")

    assert (status, words in told["message"]) == (400, True), told
    assert site.send(f"deleted-files?{where}", {}).status == 400


def test_an_empty_upload_is_refused(site: Site) -> None:
    assert upload(site, "name=a.csv", b"") == (400, {"message": "a.csv is empty"})


def test_an_upload_needs_the_token(site: Site) -> None:
    status, _ = upload(site, "folder=related/&name=a.csv", b"x", **{"X-Stepcast-Token": "wrong"})

    assert (status, folder(site, "related/")) == (403, {})


def test_params_are_checked_as_a_run_checks_them(site: Site) -> None:
    text = site.get("files")["params"]
    good = site.send("checked-params", {"text": text}).json
    bad = site.send("checked-params", {"text": text.replace('"ForecastHorizon": 7', '"ForecastHorizon": 0')})

    assert [one for one in good["problems"] if one["severity"] == "error"] == []
    (problem,) = bad.json["problems"]
    assert problem["where"] == "$.Predictor.ForecastHorizon"


def test_a_draft_fits_the_files_and_saves_nothing(site: Site) -> None:
    before = site.get("files")["params"]

    told = site.get("draft")

    checked = site.send("checked-params", {"text": told["text"]}).json["problems"]
    assert [one for one in checked if one["severity"] == "error"] == []
    drafted = json.loads(told["text"])
    assert drafted["Predictor"]["FeaturizationConfig"]["ForecastFrequency"] == "D"
    assert all(len(one) == 3 for one in told["assumed"])
    assert site.get("files")["params"] == before


def test_params_with_errors_are_not_saved(site: Site) -> None:
    before = site.get("files")["params"]

    answer = site.send("params", {"text": "{"})

    assert (answer.status, answer.json["problems"][0]["severity"]) == (400, "error")
    assert site.get("files")["params"] == before
    assert site.send("params", {"text": before}).status == 200
    assert site.send("params", {}).status == 400


def test_a_file_of_the_browser_is_drafted_for_without_an_upload(site: Site) -> None:
    before = site.get("files")
    body = "".join(f"rug,2026-01-{day:02},{day % 7}\n" for day in range(1, 32))

    status, made = upload(site, "name=rugs.csv", body.encode(), "draft")
    assert (status, json.loads(made["text"])["Predictor"]["FeaturizationConfig"]["ForecastFrequency"]) == (
        200,
        "D",
    )
    assert site.get("files") == before
    status, told = upload(site, "name=rugs.csv", b"\n", "draft")
    assert (status, "train/rugs.csv" in told["message"]) == (400, True)


def test_the_schema_is_that_of_params_json(site: Site) -> None:
    schema = site.get("params-schema")

    assert schema["required"] == ["DatasetGroup", "Datasets", "Predictor", "Forecast"]
    assert schema["$defs"]["Predictor"]["properties"]["ForecastHorizon"]["maximum"] == 500
