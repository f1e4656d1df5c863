"""``stepcast.Forecaster``: what comes in, what comes out, and what is said where something is wrong."""

import copy
import io
import warnings
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars
import pyarrow as pa
import pytest

import stepcast
from stepcast import DataWarning, Forecaster, InvalidInput, NotFitted, UnknownItem, WrongFile, WrongFrame
from tests.api.frames import daily, frame_of

ROWS = 3 * 5


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    return daily()


@pytest.fixture(scope="module")
def forecaster(frame: pd.DataFrame) -> Forecaster:
    return Forecaster(5).fit(frame)


@pytest.fixture(scope="module")
def predicted(forecaster: Forecaster) -> pd.DataFrame:
    made = forecaster.predict()
    assert isinstance(made, pd.DataFrame)
    return made


def ets(horizon: int = 5, **arguments: Any) -> Forecaster:
    """Cheap: for what does not depend on the algorithm."""
    return Forecaster(horizon, algorithm="ETS", **arguments)


def test_the_forecast_is_long_and_begins_after_the_last_row(
    frame: pd.DataFrame, predicted: pd.DataFrame
) -> None:
    assert list(predicted.columns) == ["item_id", "timestamp", "p10", "p50", "p90"]
    assert len(predicted) == ROWS
    assert predicted["timestamp"].min() == frame["timestamp"].max() + pd.Timedelta(days=1)
    assert (predicted["p10"] < predicted["p50"]).all()
    assert (predicted["p50"] < predicted["p90"]).all()
    assert predicted.groupby("item_id")["p50"].mean().between([15, 25, 35], [25, 35, 45]).all()


def test_every_library_of_frames_is_answered_in_its_own(frame: pd.DataFrame) -> None:
    expected = ets().fit(frame).predict()
    table = pa.Table.from_pandas(frame, preserve_index=False)

    of_polars = ets().fit(polars.from_pandas(frame)).predict()
    of_lazy = ets().fit(polars.from_pandas(frame).lazy()).predict()
    of_arrow = ets().fit(table).predict()

    assert isinstance(of_polars, polars.DataFrame)
    assert isinstance(of_arrow, pa.Table)
    pd.testing.assert_frame_equal(
        pd.DataFrame(of_polars.to_dict(as_series=False)), expected, check_dtype=False
    )
    pd.testing.assert_frame_equal(pd.DataFrame(of_lazy.to_dict(as_series=False)), expected, check_dtype=False)
    pd.testing.assert_frame_equal(of_arrow.to_pandas(), expected)


def test_wide_frames_and_single_series_are_read(frame: pd.DataFrame) -> None:
    expected = ets().fit(frame).predict()
    wide = frame.pivot(index="timestamp", columns="item_id", values="target_value")

    for given in (wide, wide.reset_index(), wide.to_period("D"), polars.from_pandas(wide.reset_index())):
        made = ets().fit(given).predict()
        columns = made.to_dict(as_series=False) if isinstance(made, polars.DataFrame) else made
        pd.testing.assert_frame_equal(pd.DataFrame(columns), expected, check_dtype=False)

    one = ets().fit(wide["item 0"], item_id=None).predict()
    assert list(one.columns) == ["timestamp", "p10", "p50", "p90"]
    np.testing.assert_array_equal(one["p50"], expected["p50"][:5])


@pytest.mark.parametrize(
    "change",
    [
        lambda df: df.assign(timestamp=df["timestamp"].dt.date),
        lambda df: df.assign(timestamp=df["timestamp"].dt.strftime("%Y-%m-%d")),
        lambda df: df.assign(timestamp=df["timestamp"].dt.strftime("%Y-%m-%dT%H:%M:%S")),
        lambda df: df.assign(timestamp=df["timestamp"].dt.to_period("D")),
        lambda df: df.set_index(["item_id", "timestamp"]),
        lambda df: df.assign(
            item_id=df["item_id"].astype("category"), target_value=df["target_value"].astype("Float64")
        ),
        lambda df: df.assign(target_value=df["target_value"].astype(object)),
        lambda df: polars.from_pandas(df).with_columns(polars.col("item_id").cast(polars.Categorical)),
        lambda df: {name: df[name].tolist() for name in df},
    ],
)
def test_all_ways_to_write_the_same_rows_are_read(change: Any, frame: pd.DataFrame) -> None:
    made = ets().fit(change(frame)).predict()

    columns = made.to_dict(as_series=False) if isinstance(made, polars.DataFrame) else made
    pd.testing.assert_frame_equal(pd.DataFrame(columns), ets().fit(frame).predict(), check_dtype=False)


def test_moments_with_a_time_zone_are_answered_in_it() -> None:
    hours = pd.date_range("2025-03-28", periods=60, freq="h", tz="Europe/Berlin")
    df = pd.DataFrame({"item_id": "a", "timestamp": hours, "target_value": np.arange(60) % 24 + 1.0})

    own = ets(3).fit(df).predict()
    moved = ets(3, time_zone="UTC").fit(df).predict()

    assert own["timestamp"].iloc[0] == hours[-1] + pd.Timedelta(hours=1)
    assert str(own["timestamp"].dtype) == "datetime64[ns, Europe/Berlin]"
    assert str(moved["timestamp"].dtype) == "datetime64[ns, UTC]"
    assert moved["timestamp"].iloc[0] == own["timestamp"].iloc[0]


@pytest.mark.parametrize(("given", "freq"), [("1d", "D"), ("W-SUN", "W"), ("ME", "M")])
def test_frequencies_are_read_in_the_words_of_pandas(given: str, freq: str) -> None:
    df = frame_of("D", 100, 1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)  # a few months are a short history
        assert ets(1, freq=given).fit(df).freq_ == freq
    assert ets(np.int64(3)).fit(df).freq_ == "D"


def test_a_column_with_the_name_of_a_result_is_refused(frame: pd.DataFrame) -> None:
    with pytest.raises(WrongFrame, match="'p50' is the name of a column of results"):
        ets().fit(frame.rename(columns={"target_value": "p50"}), target="p50")


def test_a_season_that_is_not_the_calendars_is_said() -> None:
    """A machine that is serviced every fifth day: the week knows nothing of it."""
    days, draw = np.arange(120), np.random.default_rng(3)
    values = np.where(days % 5 == 4, 20.0, 100.0) + draw.normal(0, 2, len(days))
    df = pd.DataFrame({"timestamp": pd.date_range("2025-01-01", periods=110), "target_value": values[:110]})

    told = Forecaster(10, season=5).fit(df, item_id=None)
    asked = Forecaster(10).fit(df, item_id=None)

    assert told.params_["Predictor"]["SeasonLength"] == 5
    assert np.abs(told.predict()["p50"] - values[110:]).mean() < 4
    assert np.abs(asked.predict()["p50"] - values[110:]).mean() > 12
    assert told.explain("series").seasons == (5,)
    with pytest.raises(InvalidInput, match="season"):
        Forecaster(10, season=0).fit(df, item_id=None)


def test_a_frame_whose_header_is_a_row_gets_the_remedy() -> None:
    df = pd.read_csv(io.StringIO("2025-01-01,3.5,a\n2025-01-02,4.5,a\n"))

    with pytest.raises(WrongFrame, match=r"a row of a file without a header, read it with names="):
        Forecaster(2).fit(df)


def test_results_have_the_names_of_the_columns_that_came_in(frame: pd.DataFrame) -> None:
    own = frame.rename(columns={"item_id": "Item No.", "timestamp": "day", "target_value": "kWh"})
    own["site/region"] = own["Item No."].map(lambda name: "north" if name == "item 0" else "south")

    forecaster = ets(mean=True, quantiles=[0.05, 0.5]).fit(
        own, item_id=["Item No.", "site/region"], timestamp="day", target="kWh"
    )

    assert list(forecaster.predict().columns) == ["Item No.", "site/region", "day", "mean", "p5", "p50"]
    assert list(forecaster.backtest().columns[:5]) == ["Item No.", "site/region", "window", "day", "kWh"]
    assert list(forecaster.leaderboard().columns[:3]) == ["Item No.", "site/region", "scope"]
    assert forecaster.explain(["item 0", "north"]).weights == (("ETS", 1.0),)
    assert forecaster.predict()["site/region"].unique().tolist() == ["north", "south"]


def test_new_rows_are_forecast_from_their_own_end_with_what_was_learned(
    frame: pd.DataFrame, forecaster: Forecaster, predicted: pd.DataFrame
) -> None:
    later = frame_of("D", 70)
    moved = forecaster.predict(later)

    assert moved["timestamp"].min() == later["timestamp"].max() + pd.Timedelta(days=1)
    pd.testing.assert_frame_equal(forecaster.predict(frame), predicted)
    pd.testing.assert_frame_equal(forecaster.predict(), predicted)


def test_the_backtest_has_the_outcome_beside_what_was_forecast(
    frame: pd.DataFrame, forecaster: Forecaster
) -> None:
    tested, twice = forecaster.backtest(), forecaster.backtest(windows=2)

    assert len(tested) == ROWS
    assert len(twice) == 2 * ROWS
    joined = twice.merge(frame, on=["item_id", "timestamp"], suffixes=("", "_given"))
    assert len(joined) == len(twice)
    np.testing.assert_allclose(joined["target_value"], joined["target_value_given"])
    assert set(twice.loc[twice["window"] == 1, "timestamp"]) == set(tested["timestamp"])
    board = forecaster.leaderboard()
    assert board["scope"].tolist() == ["item"] * 3 + ["all"]
    share = tested["target_value"].between(tested["p10"], tested["p90"]).mean()
    assert board["coverage"].iloc[-1] == pytest.approx(share)


def test_related_series_and_metadata_explain_a_new_item() -> None:
    days = pd.date_range("2025-01-01", periods=74)
    chance = np.random.default_rng(3)
    rows = []
    for number in range(6):
        promotion = chance.random(74) < 0.3
        sales = (60 if number % 2 else 9) * np.exp(0.9 * promotion) * chance.uniform(0.9, 1.1, 74)
        rows.append(
            pd.DataFrame({"item_id": f"i{number}", "timestamp": days, "Promo?": promotion, "y": sales})
        )
    rows.append(pd.DataFrame({"item_id": "new", "timestamp": days, "Promo?": False, "y": np.nan}))
    whole = pd.concat(rows)
    related = whole[["item_id", "timestamp", "Promo?"]]
    target = whole.loc[(whole["timestamp"] < days[60]) & (whole["item_id"] != "new")].drop(columns="Promo?")
    metadata = pd.DataFrame(
        {"item_id": [f"i{n}" for n in range(6)] + ["new"], "Kind of item": [*list("ababab"), "b"]}
    )

    forecaster = Forecaster(14).fit(target, target="y", related=related, metadata=metadata)
    made = forecaster.predict().merge(whole, on=["item_id", "timestamp"])

    known = made[made["item_id"] != "new"]
    promoted = known["p50"][known["Promo?"]].mean() / known["p50"][~known["Promo?"]].mean()
    assert promoted > 1.5
    assert made.loc[made["item_id"] == "new", "p50"].between(25, 150).all(), "like those of kind b"
    with pytest.raises(WrongFrame, match=r"fit had related=: give that of the new rows"):
        forecaster.predict(target)


def test_what_was_saved_predicts_the_same_and_holds_no_code(
    forecaster: Forecaster, frame: pd.DataFrame, predicted: pd.DataFrame, tmp_path: Path
) -> None:
    path = tmp_path / "demand.stepcast"
    forecaster.save(path)
    loaded = Forecaster.load(path)

    pd.testing.assert_frame_equal(loaded.predict(), predicted)
    pd.testing.assert_frame_equal(loaded.predict(frame), predicted)
    pd.testing.assert_frame_equal(loaded.leaderboard(), forecaster.leaderboard())
    assert repr(loaded) == "Forecaster(horizon=5)"
    assert loaded.report_.to_json() == forecaster.report_.to_json()
    with zipfile.ZipFile(path) as file:
        assert {name.rpartition(".")[2] for name in file.namelist()} == {"json", "npz", "parquet"}
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]


def test_arguments_may_be_of_numpy(frame: pd.DataFrame, tmp_path: Path) -> None:
    forecaster = ets(np.int64(5), quantiles=np.array([0.1, 0.5]), windows=np.int64(2)).fit(frame)

    forecaster.save(tmp_path / "file")
    loaded = Forecaster.load(tmp_path / "file")

    assert loaded.predict().equals(forecaster.predict())
    assert (loaded.horizon, loaded.quantiles, loaded.windows) == (5, (0.1, 0.5), 2)
    assert "quantiles=array([0.1, 0.5])" in repr(forecaster)


def test_a_file_of_something_else_is_refused(tmp_path: Path, forecaster: Forecaster) -> None:
    (tmp_path / "text").write_text("hello")
    with zipfile.ZipFile(tmp_path / "zip", "w") as file:
        file.writestr("a", "b")
    with zipfile.ZipFile(tmp_path / "later", "w") as file:
        file.writestr("forecaster.json", '{"format": 99, "stepcast": "9.0"}')

    for name, said in {
        "text": "is not a file of",
        "zip": "is not a file of",
        "later": "update Stepcast",
    }.items():
        with pytest.raises(WrongFile, match=said):
            Forecaster.load(tmp_path / name)


def test_series_are_drawn_with_their_fan(forecaster: Forecaster) -> None:
    figure = forecaster.plot(items=["item 1", "item 0"])

    titles = [axes.get_title(loc="left") for axes in figure.axes]
    assert titles == ["item 1", "item 0"]
    assert [text.get_text() for text in figure.legends[0].get_texts()] == [
        "history",
        "P10 to P90",
        "P50 (median)",
    ]
    assert len(forecaster.plot(most=1).axes) == 1


def test_it_is_cloned_and_changed_as_scikit_learn_does(frame: pd.DataFrame) -> None:
    quantiles = (0.2, 0.5, 0.8)
    first = Forecaster(5, quantiles=quantiles, algorithm="ETS")
    clone = type(first)(**first.get_params())

    assert clone.get_params() == first.get_params()
    assert clone.quantiles is quantiles
    assert clone.set_params(horizon=3).horizon == 3
    assert repr(clone) == "Forecaster(horizon=3, quantiles=(0.2, 0.5, 0.8), algorithm='ETS')"
    with pytest.raises(ValueError, match="no argument 'horizons'; there are horizon, freq"):
        clone.set_params(horizons=3)
    assert copy.deepcopy(clone.fit(frame)).predict().equals(clone.predict())


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"horizon": 900}, r"horizon: 900 is not a whole number from 1 to 500"),
        ({"horizon": "5"}, r"horizon: '5' is not a whole number from 1 to 500"),
        ({"quantiles": (0.123,)}, r'quantiles: "0.123" is not allowed'),
        (
            {"algorithm": "ETZ"},
            r"algorithm: there is no algorithm 'ETZ'. Use one of ARIMA, CNN-QR.*or leave it out",
        ),
        ({"freq": "7min"}, r"freq: .*has no time of day"),
        ({"freq": "daily"}, r"frequency 'daily' is not allowed"),
        ({"quantiles": 0.5}, r"quantiles: 0.5 is no list. Write \[0.5\]"),
        ({"windows": 9}, r"windows: 9 is not a whole number from 1 to 5"),
        ({"holidays": ["XX"]}, r"holidays: .*XX"),
        ({"fill": "never"}, r"fill: 'never' is not allowed"),
        (
            {"parameters": {"p": 1}},
            r"parameters: the AutoPredictor has none. Name the algorithm= that .*out$",
        ),
    ],
)
def test_wrong_arguments_are_named(change: dict[str, Any], said: str, frame: pd.DataFrame) -> None:
    with pytest.raises(ValueError, match=said) as caught:
        Forecaster(**{"horizon": 5, **change}).fit(frame)
    assert "$." not in str(caught.value), "no path of params.json"
    assert "--" not in str(caught.value), "no option of the command line"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda df: df.rename(columns={"item_id": "sku"}), r"no column 'item_id'; it has 'sku'.*item_id="),
        (lambda df: df.drop(columns="timestamp"), r"no column 'timestamp'"),
        (lambda df: df.assign(target_value="x"), r"'target_value' holds .*string, not numbers"),
        (
            lambda df: df.assign(timestamp=df["timestamp"].dt.strftime("%d/%m/%Y")),
            r"timestamps are text such as '../../....': convert them, for example with pandas.to_datetime",
        ),
        (lambda df: df.assign(timestamp=range(len(df))), r"timestamps are of type int64"),
        (lambda df: df.assign(timestamp=pd.Timestamp("2025-01-01")), r"same timestamp"),
        (lambda df: df.assign(target_value=[np.inf, *df["target_value"][1:]]), r"df line 1, item item"),
        (
            lambda df: df.assign(target_value=np.nan),
            r"no row has both a timestamp in 'timestamp' and a number",
        ),
        (lambda df: df.iloc[:0], r"no rows"),
        (lambda df: df.assign(timestamp=df["timestamp"] + pd.Timedelta(1, "ms")), r"fractions of a second"),
        (
            lambda df: df.assign(timestamp=df["timestamp"].where(df.index != 3)),
            r"df line .*'timestamp' is empty",
        ),
        (lambda df: pd.concat([df, df], axis=1), r"two columns 'item_id'"),
        (lambda df: df.to_dict("records"), r"df is a list: give a data frame"),
    ],
)
def test_wrong_frames_are_explained(change: Any, said: str, frame: pd.DataFrame) -> None:
    with pytest.raises(ValueError, match=said) as caught:
        ets().fit(change(frame))
    assert "train/" not in str(caught.value), "no file of the bucket"


def test_what_is_not_there_is_said(forecaster: Forecaster) -> None:
    for method in ("predict", "backtest", "leaderboard", "plot"):
        with pytest.raises(NotFitted, match=r"call fit\(df\) first"):
            getattr(Forecaster(3), method)()
    with pytest.raises(UnknownItem, match="no series 'item 9' among 3; did you mean 'item 2'"):
        forecaster.explain("item 9")
    with pytest.raises(UnknownItem, match="no series 'lamp' among 3"):
        forecaster.plot(["lamp"])
    with pytest.raises(AttributeError, match="no attribute 'Forecast'"):
        _ = stepcast.Forecast


def test_every_problem_is_in_the_report(frame: pd.DataFrame) -> None:
    wrong = frame.copy()
    wrong.iloc[[0, 4], 2] = np.inf

    with pytest.raises(InvalidInput) as caught:
        ets().fit(wrong)

    assert [(problem.file, problem.line) for problem in caught.value.report.problems] == [
        ("df", 1),
        ("df", 5),
    ]


def test_doubled_rows_are_added_with_a_warning(frame: pd.DataFrame) -> None:
    doubled = pd.concat([frame, frame[frame["item_id"] == "item 1"]])

    with pytest.warns(DataWarning, match=r"V10 df|df, item|df"):
        summed = ets().fit(doubled).predict()
    with pytest.warns(DataWarning):
        averaged = ets(aggregation="avg").fit(doubled).predict()

    single = ets().fit(frame).predict()
    own = single["item_id"] == "item 1"
    np.testing.assert_allclose(averaged["p50"], single["p50"])
    np.testing.assert_allclose(summed["p50"][own], 2 * single["p50"][own], rtol=0.01)


def test_bounds_are_kept_and_may_be_each_items_own(frame: pd.DataFrame) -> None:
    most = frame.groupby("item_id")["target_value"].max()
    metadata = pd.DataFrame({"item_id": most.index, "Max kW": most.to_numpy()})

    forecaster = ets(quantiles=[0.5, 0.99], bounds=(0, "Max kW")).fit(frame, metadata=metadata)

    made = forecaster.predict().groupby("item_id")["p99"].max()
    assert (made <= most).all()
    assert forecaster.params_["Predictor"]["Bounds"] == {"Minimum": 0.0, "MaximumAttribute": "max_kw"}
    with pytest.raises(InvalidInput, match=r"bounds.*is not two bounds"):
        ets(bounds=(0,)).fit(frame)
