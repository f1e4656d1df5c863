"""V13, V15, V06 and V10: warnings where the history is short or sparse, and limits of the grid."""

import pytest

from tests.pipeline.importing.harness import ImportFiles

ETS = "arn:aws:forecast:::algorithm/ETS"


def days(count: int, item: str = "lamp", step: int = 1) -> str:
    return "".join(f"2014-01-{day:02d} 00:00:00,1,{item}\n" for day in range(1, count + 1, step))


@pytest.mark.parametrize(
    ("horizon", "settings", "figures"),
    [
        (4, {}, None),
        (
            5,
            {},
            "the longest series has 12 periods of D, so Amazon Forecast allows at most 4 (a third of that)",
        ),
        (11, {"AlgorithmArn": ETS}, None),
        (
            12,
            {"AlgorithmArn": ETS},
            "the longest series has 12 periods of D, so Amazon Forecast allows at most 11",
        ),
    ],
)
def test_v13_the_horizon_is_held_against_the_longest_series(
    import_files: ImportFiles, horizon: int, settings: dict[str, str], figures: str | None
) -> None:
    outcome = import_files(days(12) + days(3, "new"), frequency="D", horizon=horizon, **settings)

    warnings = outcome.warnings("V13")
    assert outcome.report.errors == 0
    assert outcome.imported.shards > 0
    if figures is None:
        assert warnings == []
    else:
        assert warnings[0].path == "$.Predictor.ForecastHorizon"
        assert figures in warnings[0].message
        assert warnings[0].remedy.endswith("send more history")


def test_v13_the_length_of_a_series_goes_to_the_end_of_the_data_set(import_files: ImportFiles) -> None:
    text = "2014-01-01 00:00:00,1,old\n2014-01-12 00:00:00,1,new\n"

    assert import_files(text, frequency="D", horizon=4).warnings("V13") == []


@pytest.mark.parametrize(
    ("windows", "offset", "figures"),
    [
        (1, 2, None),
        (3, 2, None),  # begin 2, 4 and 6 before the end of 7
        (4, 2, "enough for 3"),
        (1, 6, "Amazon Forecast requires less than half of that"),
        (1, 7, "enough for 0"),
        (5, 90, "enough for 0"),
    ],
)
def test_v15_backtest_windows_fit_in_the_history(
    import_files: ImportFiles, windows: int, offset: int, figures: str | None
) -> None:
    evaluation = {"NumberOfBacktestWindows": windows, "BackTestWindowOffset": offset}

    outcome = import_files(days(7), frequency="D", horizon=2, EvaluationParameters=evaluation)

    messages = [warning.message for warning in outcome.warnings("V15")]
    assert outcome.report.errors == 0
    assert len(messages) == (figures is not None)
    assert figures is None or figures in messages[0]


def test_v06_data_of_a_longer_period_than_the_forecast_is_noticed(import_files: ImportFiles) -> None:
    (warning,) = import_files(days(3), frequency="H").warnings("V06")

    assert warning.message.startswith(
        "no series has values in two consecutive periods of H; values are at least 24 periods apart"
    )
    assert warning.path == "$.Predictor.FeaturizationConfig.ForecastFrequency"


def test_v06_a_history_that_is_hardly_observed_is_noticed(import_files: ImportFiles) -> None:
    dates = ("2014-01-01", "2014-01-02", "2015-01-01", "2016-02-01", "2017-01-01")
    text = "".join(f"{date} 00:00:00,1,lamp\n" for date in dates)

    (warning,) = import_files(text, frequency="D").warnings("V06")

    assert warning.message == "1,092 of 1,097 periods of D have no value"
    assert warning.remedy.startswith("Check for timestamps far from the others")


def test_v06_a_grid_larger_than_any_data_is_an_error(import_files: ImportFiles) -> None:
    years = "".join(f"{year}-01-01 00:00:00,1,lamp\n" for year in range(1990, 2020))

    outcome = import_files({"a.csv": days(3, "other"), "b.csv": years}, frequency="min")

    assert (outcome.error.rule, outcome.error.file) == ("V06", "train/")
    assert "the last is 2019-01-01 00:00:00 in train/b.csv" in outcome.error.remedy
    assert outcome.written == []


@pytest.mark.parametrize(
    ("quota", "figures"),
    [
        ("FILES", "the data have 2 files; Amazon Forecast's quota is 1"),
        ("ROWS", "the data have 6 rows; Amazon Forecast's quota is 1"),
        ("SERIES", "the data have 2 series; Amazon Forecast's quota is 1"),
        ("BYTES", "the data have 165 bytes; Amazon Forecast's quota is 1"),
        (
            "SERIES_FINER_THAN_DAYS",
            "the data have 2 series at frequency H; Amazon Forecast's quota is 1 unless",
        ),
    ],
)
def test_v10_quotas_of_the_service_are_warnings(
    import_files: ImportFiles, monkeypatch: pytest.MonkeyPatch, quota: str, figures: str
) -> None:
    monkeypatch.setattr(f"stepcast.pipeline.importing.checks.quotas.{quota}", 1)

    outcome = import_files({"a.csv": days(3, "other"), "b.csv": days(3)}, frequency="H")

    assert [warning.message.startswith(figures) for warning in outcome.warnings("V10")] == [True]
    assert outcome.imported.shards > 0


@pytest.mark.parametrize(
    ("periods", "offset", "remedy"),
    [
        (5, 3, "Send more history, or forecast at most 2 periods"),
        (20, 15, "Write 9 or less, or send more history"),
    ],
)
def test_v15_the_remedy_is_not_what_is_written_already(
    import_files: ImportFiles, periods: int, offset: int, remedy: str
) -> None:
    outcome = import_files(
        days(periods), frequency="D", horizon=3, EvaluationParameters={"BackTestWindowOffset": offset}
    )

    assert [warning.remedy for warning in outcome.warnings("V15")] == [remedy]
