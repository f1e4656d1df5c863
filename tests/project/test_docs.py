"""The documents are held against the code."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import BaseModel

from localaws.cloudformation.resources import RESOURCE_TYPES
from stepcast.engine.auto.members.baselines import baselines
from stepcast.engine.auto.members.intermittent import intermittent
from stepcast.engine.auto.members.smoothing import forms_of
from stepcast.engine.auto.series.seasons import Seasons
from stepcast.engine.auto.transforms.transforms import TRANSFORMS
from stepcast.engine.frequency import LARGEST_COUNT
from stepcast.engine.neural.parameters import NEURAL
from stepcast.pipeline import tables
from stepcast.pipeline.backtest_files import leaderboard_schema
from stepcast.pipeline.domains import DOMAINS, identifier_field, target_field
from stepcast.pipeline.params import Params
from stepcast.pipeline.read_params import read_params
from stepcast.pipeline.rules import ALGORITHMS, FILLING, PARAMETERS

ROOT = Path(__file__).parents[2]
PARAMS_PAGE = (ROOT / "docs/how-to/params.md").read_text()
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("packages/*/**/*.md")])


def keys_of(model: type[BaseModel]) -> set[str]:
    """Every key that may stand in the model, at any depth."""
    found: set[str] = set()
    for field in model.model_fields.values():
        found.add(str(field.alias))
        for inner in models_in(field.annotation):
            found |= keys_of(inner)
    return found


def models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for part in getattr(annotation, "__args__", ()) for model in models_in(part)]


def test_every_key_of_params_json_is_documented() -> None:
    missing = {key for key in keys_of(Params) if not re.search(rf"\b{key}\b", PARAMS_PAGE)}

    assert missing == set()


@pytest.mark.parametrize("word", [*DOMAINS, *ALGORITHMS, *FILLING, *PARAMETERS["NPTS"]])
def test_every_choice_is_documented(word: str) -> None:
    assert f"`{word}`" in PARAMS_PAGE


@pytest.mark.parametrize("word", sorted({key for known in NEURAL.values() for key in known}))
def test_every_parameter_of_a_neural_algorithm_is_documented(word: str) -> None:
    assert f"`{word}`" in (ROOT / "docs" / "how-to" / "neural.md").read_text()


def test_documented_columns_and_frequencies_are_the_codes() -> None:
    for domain in DOMAINS:
        row = next(
            line for line in PARAMS_PAGE.splitlines() if f"`{domain}`" in line and line.count("|") == 4
        )
        assert row.endswith(f"| `{identifier_field(domain)}` | `{target_field(domain)}` |")
    for unit, most in LARGEST_COUNT.items():
        assert (f"1-{most} `{unit}`" if most > 1 else f"`{unit}`") in PARAMS_PAGE


def test_the_documented_params_are_valid() -> None:
    (example,) = re.findall(r"```json\n(.*?)```", PARAMS_PAGE, re.DOTALL)
    params, problems = read_params(example.encode())

    assert params is not None, [str(problem) for problem in problems]
    assert problems == []


def test_the_projects_params_are_valid() -> None:
    params, problems = read_params((ROOT / "params.json").read_bytes())

    assert params is not None
    assert problems == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(document: Path) -> None:
    for target in re.findall(r"\]\(([^)#:]+?)(?:#[^)]*)?\)", document.read_text()):
        assert (document.parent / target).exists(), target


@pytest.mark.parametrize("page", sorted(ROOT.glob("docs/decisions/*.md")), ids=lambda path: path.stem)
def test_decisions_have_the_same_headings(page: Path) -> None:
    title, *sections = re.findall(r"^(#+ .*)$", page.read_text(), re.MULTILINE)

    assert title.startswith(f"# {int(page.stem[:4])}. ")
    assert sections == ["## Context", "## Choice", "## Price"]


@pytest.mark.parametrize("page", ["docs/tour.md", "docs/glossary.md"])
def test_the_files_of_the_tour_are_there(page: str) -> None:
    named = re.findall(r"`([\w./-]+(?:\.\w+|/))`", (ROOT / page).read_text())
    folders = ("docs", "functions", "packages", "src", "statemachine", "tests")
    tree = {path.name for path in ROOT.iterdir()}
    tree |= {str(path.relative_to(ROOT)) for folder in folders for path in (ROOT / folder).glob("**/*")}

    assert len(named) > 20
    assert [name for name in named if not _somewhere(name.rstrip("/"), tree)] == []


def _somewhere(name: str, tree: set[str]) -> bool:
    """Whether a file or folder ends in that path; what ``make demo`` writes need not be there."""
    return name == "demo-output" or any(path == name or path.endswith(f"/{name}") for path in tree)


def test_the_readmes_make_targets_exist() -> None:
    makefile = (ROOT / "Makefile").read_text()
    for page in DOCUMENTS:
        for target in re.findall(r"(?:\$ |`)make ([a-z-]+)", page.read_text()):
            assert re.search(rf"^{target}:", makefile, re.MULTILINE), f"{page.name}: make {target}"


def test_the_readmes_tables_are_the_ones_that_are_made() -> None:
    made = {getattr(tables, name) for name in tables.__all__ if name.isupper()}
    listed = set(re.findall(r"^\| `(\w+)` \|", (ROOT / "README.md").read_text(), re.MULTILINE))
    assert listed == made


def test_the_columns_of_the_leaderboard_are_documented() -> None:
    params, _ = read_params((ROOT / "params.json").read_bytes())
    assert params is not None
    page = (ROOT / "docs/how-to/query.md").read_text()
    columns = leaderboard_schema(params, ("AutoPredictor", "SeasonalNaive")).names

    assert [name for name in columns if f"`{name}`" not in page and name not in params.series_key] == []


def test_the_members_in_weights_are_documented() -> None:
    page = (ROOT / "docs/how-to/query.md").read_text()
    values, seasons, history = np.arange(1.0, 301.0), Seasons(2, 4), np.array([300])
    made = {form.name for form in forms_of(np.full(300, 5.0), seasons, logarithmic=False)}
    made |= {*baselines(values, seasons, history, 2)[0], *intermittent(values, 300, history, 2)}
    (table,) = re.findall(r"^\| Method \| \|\n.*?\n\n", page + "\n", re.MULTILINE | re.DOTALL)
    listed = {name for cell in re.findall(r"^\| (`.*?) \|", table, re.MULTILINE) for name in cell.split(", ")}

    assert {name.strip("`") for name in listed} == made | {"ridge", "mean_of_years"}
    assert [prefix for prefix in TRANSFORMS if f"`{prefix}`" not in page and prefix] == []


def test_states_are_documented() -> None:
    definition = json.loads((ROOT / "statemachine/forecast.asl.json").read_text())
    drawn, listed = ((ROOT / "docs" / name).read_text() for name in ("architecture.md", "how-to/operate.md"))
    steps = [name for name, state in definition["States"].items() if state["Type"] in ("Task", "Map")]

    assert [name for name in steps if name not in drawn and not name.startswith("Cleanup")] == []
    assert [name for name in definition["States"] if f"`{name}`" not in listed] == []


def test_the_resource_types_of_localaws_are_documented() -> None:
    listed = set(re.findall(r"`(AWS::\w+::\w+)`", (ROOT / "packages/localaws/docs/how-to.md").read_text()))

    assert listed == set(RESOURCE_TYPES)
