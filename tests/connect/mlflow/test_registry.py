"""A registered predictor forecasts what was exported, and the champion is the better one."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tests.connect.mlflow.conftest import Store

pytestmark = pytest.mark.filterwarnings("ignore")  # MLflow's own

MODEL = "LampPredictor"
CHAMPION = f"models:/{MODEL}@champion"
KEY = ["item_id", "location", "date"]
EVERY = pd.DataFrame({"item_id": []}, dtype=str)


@pytest.fixture(scope="module")
def first(database: Store, forecast: Path) -> Any:
    return database.track("--out", forecast, "--experiment", "registered", "--register")["model"]


def exported(results: Path) -> pd.DataFrame:
    parts = [pd.read_csv(path) for path in results.glob("raw/*.csv")]
    return pd.concat(parts).sort_values(KEY).reset_index(drop=True)


def ordered(table: pd.DataFrame) -> pd.DataFrame:
    return table.sort_values(KEY).reset_index(drop=True)


def test_the_champion_predicts_the_numbers_of_the_export(database: Store, first: Any, forecast: Path) -> None:
    predicted = database.predict(CHAMPION, EVERY)

    assert first == {
        "name": MODEL,
        "version": first["version"],
        "is_champion": True,
        "why": "there was no champion",
    }
    pd.testing.assert_frame_equal(ordered(predicted), exported(forecast), check_exact=True, check_dtype=False)


def test_it_forecasts_some_series_over_fewer_periods_at_other_quantiles(
    database: Store, first: Any, forecast: Path
) -> None:
    asked = pd.DataFrame({"item_id": ["floor lamp"], "location": ["Köln"]})

    predicted = database.predict(CHAMPION, asked, horizon=2, quantiles=[0.05, 0.5])

    whole = exported(forecast)
    expected = whole[whole.item_id == "floor lamp"].head(2)
    assert list(predicted.columns) == ["item_id", "date", "location", "p5", "p50"]
    assert predicted.p50.tolist() == expected.p50.tolist()
    assert (predicted.p5.to_numpy() <= expected.p10.to_numpy()).all()


@pytest.mark.parametrize(
    ("items", "params", "match"),
    [
        (["desklamp"], {}, "has no series 'desklamp': did you mean desk lamp"),
        (["desk lamp"], {"horizon": 8}, "horizon is 8: the predictor was trained for 1 to 7 periods"),
        (["desk lamp"], {"horizon": 0}, "horizon is 0: "),
        (["desk lamp"], {"quantiles": [0.5, 1.5]}, r"quantiles are \[0.5, 1.5\]: write hundredths"),
        (["desk lamp"], {"quantiles": [0.005]}, "write hundredths from 0.01 to 0.99"),
    ],
)
def test_what_it_cannot_forecast_is_said(
    database: Store, first: Any, items: list[str], params: dict[str, Any], match: str
) -> None:
    with pytest.raises(database.mlflow.MlflowException, match=match):
        database.predict(CHAMPION, pd.DataFrame({"item_id": items}), **params)


def test_its_requirements_are_pinned_and_nothing_is_pickled(
    database: Store, first: Any, tmp_path: Path
) -> None:
    with database.chosen() as mlflow:
        folder = Path(mlflow.artifacts.download_artifacts(CHAMPION, dst_path=str(tmp_path)))
    requirements = (folder / "requirements.txt").read_text().split()

    assert all("==" in line for line in requirements)
    assert {"mlflow", "numpy", "pyarrow", "pydantic"} <= {line.partition("==")[0] for line in requirements}
    assert [path for path in folder.rglob("*") if path.suffix in (".pkl", ".pickle", ".joblib")] == []
    assert "cloudpickle" not in "".join(requirements)
    assert (folder / "code/stepcast/engine/__init__.py").exists()


def test_a_worse_newcomer_becomes_a_version_and_not_the_champion(
    database: Store, first: Any, worse_forecast: Path
) -> None:
    worse = database.track("--out", worse_forecast, "--experiment", "registered", "--register")["model"]

    assert (worse["version"], worse["is_champion"]) == (first["version"] + 1, False)
    assert worse["why"].startswith("average_wql is 0.0")
    assert worse["why"].endswith(f"version {first['version']} stays")
    aliases = database.client.get_registered_model(MODEL).aliases
    assert int(aliases["champion"]) == first["version"]


def test_a_run_is_registered_once(database: Store, first: Any, forecast: Path) -> None:
    before = database.client.search_model_versions(f"name = '{MODEL}'")

    again = database.track("--out", forecast, "--experiment", "registered", "--register")["model"]

    assert again == {"name": MODEL, "version": first["version"], "is_champion": None, "why": None}
    assert len(database.client.search_model_versions(f"name = '{MODEL}'")) == len(before)
