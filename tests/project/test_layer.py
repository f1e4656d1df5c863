"""The layer of the light functions, built as `sam build` does it."""

import subprocess
import sys
from pathlib import Path

import grimp
import pytest
import yaml

ROOT = Path(__file__).parents[2]
LIGHT = ("start_execution", "create_dataset", "notify", "cleanup")
SOURCES = ("prometheus.pull_prometheus",)
UNREACHABLE = (
    "Temporary failure in name resolution",
    "Failed to establish a new connection",
    "Network is unreachable",
)


def make(target: str, artifacts: Path, *variables: str) -> subprocess.CompletedProcess[str]:
    command = ["make", target, f"ARTIFACTS_DIR={artifacts}", f"PYTHON={sys.executable}", *variables]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600)


def built(artifacts: Path, *variables: str) -> subprocess.CompletedProcess[str]:
    made = make("build-Layer", artifacts, *variables)
    if made.returncode and any(word in made.stderr for word in UNREACHABLE):
        pytest.skip("the package index cannot be reached, from which the layer's wheels come")
    return made


def needed_by_light_steps() -> set[str]:
    """Every module that a step of a zipped function imports, at any moment."""
    graph = grimp.build_graph("stepcast")
    steps = {f"stepcast.pipeline.steps.{name}" for name in LIGHT}
    steps |= {f"stepcast.connect.{name}" for name in SOURCES}
    return steps.union(*(graph.find_upstream_modules(step) for step in steps))


def module_path(module: str) -> Path:
    path = Path(*module.split("."))
    package = (ROOT / "src" / path).is_dir()
    return path / "__init__.py" if package else path.with_suffix(".py")


def test_the_layer_holds_lambdas_binaries_whatever_python_builds_it(tmp_path: Path) -> None:
    made = built(tmp_path)

    assert made.returncode == 0, made.stderr
    binaries = [path.name for path in tmp_path.rglob("*.so")]
    assert binaries == ["_pydantic_core.cpython-312-x86_64-linux-gnu.so"]
    pinned = dict(
        line.split("==") for line in (ROOT / "constraints.txt").read_text().splitlines() if "==" in line
    )
    assert (tmp_path / f"python/pydantic-{pinned['pydantic']}.dist-info").is_dir()
    assert not (tmp_path / "python/localaws").exists()
    assert not (tmp_path / "python/boto3").exists()
    there = {path.relative_to(tmp_path / "python") for path in (tmp_path / "python/stepcast").rglob("*.py")}
    needed = {module_path(module) for module in needed_by_light_steps()}
    assert needed <= there
    assert Path("stepcast/engine/auto/predictor.py") not in there
    compiled = {
        Path(path.parent.parent, path.name.partition(".")[0] + ".py") for path in tmp_path.rglob("*.pyc")
    }
    if "no .pyc files" not in made.stderr:  # there is a Python of Lambda's version
        assert compiled == set(tmp_path.rglob("*.py"))


def test_its_modules_are_compiled_for_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    """Valid whenever the source was written, the same in each build, with the paths that Lambda has."""
    version = f"LAYER_PYTHON={sys.version_info.major}.{sys.version_info.minor}"
    found = []
    for name in ("one", "two"):
        module = tmp_path / name / "python" / "package" / "module.py"
        module.parent.mkdir(parents=True)
        module.write_text("NAMES = {'a', 'b', 'c'}\nIS_ONE = 'a' in {'a', 'b', 'c'}\n")
        made = make("compile-Layer", tmp_path / name, version)
        assert made.returncode == 0, made.stderr
        (compiled,) = module.parent.rglob("*.pyc")
        found.append(compiled.read_bytes())

    assert found[0] == found[1]
    assert b"/opt/python/package/module.py" in found[0]
    # the import fails if the source is looked at, not the compiled file
    module.write_text("raise NotImplementedError('compiled again')")
    subprocess.run(
        [sys.executable, "-c", "import package.module"], cwd=tmp_path / "two" / "python", check=True
    )


def test_without_lambdas_python_the_layer_is_built_and_said_to_be_slower(tmp_path: Path) -> None:
    (tmp_path / "python").mkdir()

    made = make("compile-Layer", tmp_path, "LAYER_PYTHON=3.99")

    assert made.returncode == 0
    assert "put python3.99 on the PATH" in made.stderr


def test_a_layer_that_cannot_be_built_fails_its_build(tmp_path: Path) -> None:
    made = built(tmp_path, "LAYER_MACHINE=nowhere")

    assert made.returncode != 0
    assert "build-Layer" in made.stderr


def test_the_layer_is_built_for_the_functions_architecture() -> None:
    class Loader(yaml.SafeLoader):
        """YAML with CloudFormation's short forms left as None."""

    Loader.add_multi_constructor("!", lambda *_: None)
    template = yaml.load((ROOT / "template.yaml").read_text(), Loader)  # noqa: S506 - a SafeLoader
    layer, globally = template["Resources"]["Layer"], template["Globals"]["Function"]

    assert layer["Properties"]["CompatibleArchitectures"] == globally["Architectures"]
    assert [layer["Metadata"]["BuildArchitecture"]] == globally["Architectures"]
