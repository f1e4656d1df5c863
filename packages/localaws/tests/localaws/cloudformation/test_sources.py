"""What templates name by a path: code, layers, images, definitions."""

import io
import zipfile
from pathlib import Path
from typing import Any

import pytest

from localaws.cloudformation.sources import packaged


class Store:
    """Keeps what is uploaded."""

    def __init__(self) -> None:
        self.bodies: dict[str, bytes] = {}

    def __call__(self, body: bytes, key: str) -> tuple[str, str]:
        self.bodies[key] = body
        return "bucket", key

    def names(self, key: str) -> list[str]:
        return zipfile.ZipFile(io.BytesIO(self.bodies[key])).namelist()


def package(
    folder: Path, resource: dict[str, Any], **sections: Any
) -> tuple[dict[str, Any], list[str], Store]:
    store = Store()
    made, problems = packaged({"Resources": {"It": resource}, **sections}, folder, store)
    properties: dict[str, Any] = made["Resources"]["It"]["Properties"]
    return properties, [str(problem) for problem in problems], store


def write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def test_a_folder_of_code_becomes_an_archive_that_is_the_same_each_time(tmp_path: Path) -> None:
    write(tmp_path, {"code/app.py": "x", "code/pkg/mod.py": "y", "code/__pycache__/app.pyc": "z"})
    function = {"Type": "AWS::Serverless::Function", "Properties": {"CodeUri": "code/"}}

    properties, problems, store = package(tmp_path, function)
    again, _, _ = package(tmp_path, function)

    assert problems == []
    assert properties["CodeUri"]["Bucket"] == "bucket"
    assert store.names(properties["CodeUri"]["Key"]) == ["app.py", "pkg/mod.py"]
    assert again == properties


def test_code_may_be_named_for_all_functions_at_once(tmp_path: Path) -> None:
    write(tmp_path, {"code/app.py": "x"})

    properties, _, _ = package(
        tmp_path, {"Type": "AWS::Serverless::Function"}, Globals={"Function": {"CodeUri": "code"}}
    )

    assert properties["CodeUri"]["Key"].endswith(".zip")


def test_code_that_is_stored_already_is_left_alone(tmp_path: Path) -> None:
    function = {"Type": "AWS::Serverless::Function", "Properties": {"CodeUri": "s3://b/k.zip"}}

    assert package(tmp_path, function)[0] == {"CodeUri": "s3://b/k.zip"}


def test_a_missing_folder_is_told_with_its_place(tmp_path: Path) -> None:
    _, problems, _ = package(
        tmp_path, {"Type": "AWS::Serverless::Function", "Properties": {"CodeUri": "gone"}}
    )

    assert problems == [
        "AWS::Serverless::Function (logical id It): "
        f"CodeUri is 'gone', but {tmp_path / 'gone'} does not exist"
    ]


def test_the_docker_context_of_an_image_becomes_an_absolute_path(tmp_path: Path) -> None:
    write(tmp_path, {"src/Dockerfile": "FROM x"})
    image = {
        "Type": "AWS::Serverless::Function",
        "Metadata": {"DockerContext": "src"},
        "Properties": {"PackageType": "Image"},
    }

    made, problems = packaged({"Resources": {"It": image}}, tmp_path, Store())

    assert problems == []
    assert made["Resources"]["It"]["Metadata"] == {"DockerContext": str(tmp_path / "src")}
    assert made["Resources"]["It"]["Properties"]["ImageUri"] == "localaws/it:sources"


def test_a_layer_without_build_method_is_an_archive_as_it_is(tmp_path: Path) -> None:
    write(tmp_path, {"layer/python/words.py": "x"})
    layer = {"Type": "AWS::Serverless::LayerVersion", "Properties": {"ContentUri": "layer"}}

    properties, _, store = package(tmp_path, layer)

    assert store.names(properties["ContentUri"]["Key"]) == ["python/words.py"]


def test_an_unbuilt_layer_of_a_makefile_stays_empty_and_says_so(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write(tmp_path, {"layer/Makefile": "x"})
    layer: dict[str, Any] = {
        "Type": "AWS::Serverless::LayerVersion",
        "Metadata": {"BuildMethod": "makefile"},
        "Properties": {"ContentUri": "layer"},
    }

    properties, _, store = package(tmp_path, layer)

    assert store.names(properties["ContentUri"]["Key"]) == []
    assert "layer It is built by makefile and has not been built" in caplog.text


def test_an_unbuilt_layer_of_python_sources_is_put_where_its_build_would_put_it(tmp_path: Path) -> None:
    write(tmp_path, {"layer/words.py": "x"})
    layer: dict[str, Any] = {
        "Type": "AWS::Serverless::LayerVersion",
        "Metadata": {"BuildMethod": "python3.12"},
        "Properties": {"ContentUri": "layer"},
    }

    properties, _, store = package(tmp_path, layer)
    assert store.names(properties["ContentUri"]["Key"]) == ["python/words.py"]

    built = tmp_path / ".aws-sam" / "build"
    write(built, {"Layer/python/words.py": "x"})
    properties, _, store = package(built, {**layer, "Properties": {"ContentUri": "Layer"}})
    assert store.names(properties["ContentUri"]["Key"]) == ["python/words.py"]


@pytest.mark.parametrize(("name", "text"), [("a.asl.json", '{"StartAt": "A"}'), ("a.asl.yaml", "StartAt: A")])
def test_a_definition_is_written_into_the_template(tmp_path: Path, name: str, text: str) -> None:
    write(tmp_path, {name: text})
    machine = {"Type": "AWS::Serverless::StateMachine", "Properties": {"DefinitionUri": name}}

    assert package(tmp_path, machine)[0] == {"Definition": {"StartAt": "A"}}


def test_a_definition_that_is_json_only_once_values_are_in_it_is_stored_as_it_is(tmp_path: Path) -> None:
    write(tmp_path, {"a.asl.json": '{"TimeoutSeconds": ${Seconds}}', "b.asl.json": "{not json"})
    machine: dict[str, Any] = {"Type": "AWS::Serverless::StateMachine"}

    properties, _, store = package(tmp_path, {**machine, "Properties": {"DefinitionUri": "a.asl.json"}})
    _, problems, _ = package(tmp_path, {**machine, "Properties": {"DefinitionUri": "b.asl.json"}})

    assert store.bodies[properties["DefinitionUri"]["Key"]] == b'{"TimeoutSeconds": ${Seconds}}'
    assert "DefinitionUri is 'b.asl.json', which is neither JSON nor YAML" in problems[0]
