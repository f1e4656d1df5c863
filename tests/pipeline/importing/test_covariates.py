"""Related series and item metadata: read like the target's files, checked against it, laid beside it."""

import gzip
import io
from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from stepcast.engine.auto import fit_shared, forecast, train
from stepcast.engine.task import Task
from stepcast.pipeline import objects
from stepcast.pipeline.params import ALGORITHM_ARN
from stepcast.pipeline.problems import Problem
from tests.pipeline.importing.harness import ImportFiles, Outcome

RELATED = "item_id:string timestamp:timestamp price:float"
METADATA = "item_id:string category:string"
NAN = float("nan")


def rows(item: str, first: int, *values: object) -> str:
    """One row a day of January 2026, from the day ``first`` on."""
    return "".join(f"{item},2026-01-{first + day:02},{value}\n" for day, value in enumerate(values))


def target(*items: str, first: int = 1, days: int = 5) -> str:
    lines = [f"2026-01-{first + day:02},{day + 1},{item}\n" for item in items for day in range(days)]
    return "".join(lines)


def imported(
    import_files: ImportFiles, train: str, covariates: Mapping[str, str | bytes], **settings: Any
) -> Outcome:
    given = {"frequency": "D", "timestamp_format": "yyyy-MM-dd", "horizon": 2, **settings}
    return import_files(train, covariates=covariates, **given)


def prices(outcome: Outcome, name: str = "price") -> dict[str, list[float]]:
    found = {}
    for shard in outcome.shards:
        related = shard.panel.related
        assert related is not None
        for label, values in zip(shard.panel.ids, related.values, strict=True):
            found[label] = values[related.names.index(name)].tolist()
    return found


def problems(outcome: Outcome) -> list[Problem]:
    """All but that these histories are short for the horizon."""
    return [problem for problem in outcome.report.problems if problem.rule != "V13"]


def message(outcome: Outcome) -> str:
    error = outcome.error
    assert error.remedy
    return f"{error.rule} {error.file} {error.item}: {error.message}. {error.remedy}"


# Related series


def test_a_related_series_is_aligned_with_its_target_and_reaches_over_the_horizon(
    import_files: ImportFiles,
) -> None:
    given = {"related/prices.csv": rows("lamp", 1, *range(1, 8)) + rows("desk", 1, *range(11, 18))}
    outcome = imported(
        import_files, target("lamp", days=5) + target("desk", first=3, days=3), given, related=RELATED
    )

    assert problems(outcome) == []
    assert prices(outcome) == {
        "lamp": [1, 2, 3, 4, 5, 6, 7],
        "desk": [13, 14, 15, 16, 17],  # begins where its target does
    }
    related = outcome.shards[0].panel.related
    assert related is not None
    assert related.ahead == 2


@pytest.mark.parametrize("form", ["header", "gzip", "parquet", "several files"])
def test_related_files_are_read_like_the_targets(import_files: ImportFiles, form: str) -> None:
    text = rows("lamp", 1, *range(1, 8))
    names = ["item_id", "timestamp", "price"]
    cells = [line.split(",") for line in text.split()]
    table = pa.table({name: [row[place] for row in cells] for place, name in enumerate(names)})
    sink = io.BytesIO()
    pq.write_table(table, sink)
    given: dict[str, dict[str, str | bytes]] = {
        "header": {"related/a.csv": ",".join(names) + "\n" + text},
        "gzip": {"related/a.csv.gz": gzip.compress(text.encode())},
        "parquet": {"related/a.parquet": sink.getvalue()},
        "several files": {"related/b.csv": text[: len(text) // 7], "related/a.csv": text[len(text) // 7 :]},
    }
    outcome = imported(import_files, target("lamp"), given[form], related=RELATED)

    assert outcome.report.errors == 0
    assert prices(outcome) == {"lamp": [1, 2, 3, 4, 5, 6, 7]}


def test_a_wrong_row_of_a_related_file_is_reported_with_its_line(import_files: ImportFiles) -> None:
    given = {"related/a.csv": rows("lamp", 1, 1, "many", *range(3, 8))}
    outcome = imported(import_files, target("lamp"), given, related=RELATED)

    assert (outcome.error.rule, outcome.error.file, outcome.error.line) == ("V05", "related/a.csv", 2)
    assert outcome.written == []


def test_a_feature_without_a_value_ahead_is_historical(import_files: ImportFiles) -> None:
    columns = f"{RELATED} visits:integer"
    text = "".join(f"lamp,2026-01-{day:02},{day},{day if day < 6 else ''}\n" for day in range(1, 8))
    outcome = imported(import_files, target("lamp"), {"related/a.csv": text}, related=columns)

    assert outcome.report.errors == 0
    assert prices(outcome)["lamp"] == [1, 2, 3, 4, 5, 6, 7]
    assert prices(outcome, "visits")["lamp"] == pytest.approx([1, 2, 3, 4, 5, NAN, NAN], nan_ok=True)


@pytest.mark.parametrize(
    ("algorithm", "said"), [("Deep_AR_Plus", ["visits"]), ("CNN-QR", []), ("LSTM", []), (None, [])]
)
def test_an_algorithm_that_needs_values_ahead_says_which_features_it_leaves_out(
    import_files: ImportFiles, algorithm: str | None, said: list[str]
) -> None:
    columns = f"{RELATED} visits:integer"
    text = "".join(f"lamp,2026-01-{day:02},{day},{day if day < 6 else ''}\n" for day in range(1, 8))
    named = {"AlgorithmArn": ALGORITHM_ARN + algorithm} if algorithm else {}
    outcome = imported(import_files, target("lamp"), {"related/a.csv": text}, related=columns, **named)

    assert outcome.report.errors == 0
    warnings = outcome.warnings("V16")
    assert [warning.message.split("'")[1] for warning in warnings] == said
    assert all("Deep_AR_Plus" in warning.message and warning.file == "related/" for warning in warnings)


def test_prices_of_an_item_count_in_every_place_it_is_sold(import_files: ImportFiles) -> None:
    lines = target("lamp").splitlines()
    train = "".join(f"{line},{city}\n" for line in lines for city in ("Bern", "Basel"))
    columns = "timestamp:timestamp target_value:float item_id:string city:string"
    outcome = imported(
        import_files,
        train,
        {"related/a.csv": rows("lamp", 1, *range(1, 8))},
        columns=columns,
        dimensions=("city",),
        related=RELATED,
    )

    assert outcome.report.errors == 0
    assert prices(outcome) == {f"lamp / {city}": [1, 2, 3, 4, 5, 6, 7] for city in ("Basel", "Bern")}


def test_prices_may_tell_dimensions_apart(import_files: ImportFiles) -> None:
    lines = target("lamp").splitlines()
    train = "".join(f"{line},{city},{shop}\n" for line in lines for city in ("A", "B") for shop in ("x", "y"))
    columns = "timestamp:timestamp target_value:float item_id:string city:string shop:string"
    given = "".join(
        f"lamp,2026-01-{day:02},{day * factor},{shop}\n"
        for shop, factor in (("y", 10), ("x", 1))
        for day in range(1, 8)
    )
    outcome = imported(
        import_files,
        train,
        {"related/a.csv": given},
        columns=columns,
        dimensions=("city", "shop"),
        related=f"{RELATED} shop:string",
    )

    assert outcome.report.errors == 0
    found = prices(outcome)
    assert found["lamp / A / x"] == found["lamp / B / x"] == [1, 2, 3, 4, 5, 6, 7]
    assert found["lamp / A / y"] == [10, 20, 30, 40, 50, 60, 70]


def test_many_related_series_find_their_targets(import_files: ImportFiles) -> None:
    """More than are sorted at a time, and in another order than the target's."""
    items = [f"item-{number}" for number in range(2_300)]
    train = "".join(f"2026-01-0{day},{day},{item}\n" for item in items for day in (1, 2))
    given = "".join(
        f"{item},2026-01-0{day},{number * 10 + day}\n"
        for day in (4, 2, 1, 3)
        for number, item in reversed(list(enumerate(items)))
    )
    outcome = imported(import_files, train, {"related/a.csv": given}, related=RELATED)

    assert outcome.report.errors == 0
    found = prices(outcome)
    assert all(
        found[item] == [n * 10 + 1, n * 10 + 2, n * 10 + 3, n * 10 + 4] for n, item in enumerate(items)
    )


# What is wrong with related series


BAD: dict[str, tuple[str, str]] = {
    "starts late": (
        rows("lamp", 2, *range(2, 8)),
        "V11 related/ lamp: There are item/dimension combinations where the related time series start date "
        "is later than target time series: they start at 2026-01-02 and 2026-01-01. Send related series "
        "that start no later",
    ),
    "two rows of a period": (
        rows("lamp", 1, *range(1, 8)) + rows("lamp", 3, 9),
        "V11 related/a.csv lamp: two rows are in the D period that begins at 2026-01-03. Keep one row "
        "for each period",
    ),
    "a hole": (
        rows("lamp", 1, 1, 2, "", 4, 5, 6, 7),
        "V11 related/ lamp: 'price' has no value in 1 of its periods, the first at 2026-01-03. Send the "
        "values, or set middlefill, backfill or futurefill for 'price'",
    ),
    "a historical series ends early": (
        rows("lamp", 1, 1, 2, 3),
        "V11 related/ lamp: 'price' has no value in 2 of its periods, the first at 2026-01-04",
    ),
    "ends within the horizon": (
        rows("lamp", 1, *range(1, 7)),
        "V11 related/ lamp: 'price' is known in advance for other items, but here has no value from "
        "2026-01-07; for every item it must extend to 2026-01-07",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_a_related_series_that_does_not_fit_is_refused(import_files: ImportFiles, case: str) -> None:
    given, said = BAD[case]
    outcome = imported(import_files, target("lamp"), {"related/a.csv": given}, related=RELATED)

    assert said in message(outcome)
    assert outcome.written == []


def test_a_series_known_ahead_is_so_for_every_item(import_files: ImportFiles) -> None:
    given = rows("lamp", 1, *range(1, 8)) + rows("desk", 1, *range(1, 6))
    outcome = imported(import_files, target("lamp", "desk"), {"related/a.csv": given}, related=RELATED)

    assert outcome.error.item == "desk"
    assert "known in advance for other items" in outcome.error.message


def test_a_frequency_finer_than_the_forecasts_has_two_rows_a_period(import_files: ImportFiles) -> None:
    given = "".join(f"lamp,2026-01-0{day} {hour}:00:00,1\n" for day in range(1, 8) for hour in (10, 11))
    train = "".join(f"{line[:10]} 00:00:00{line[10:]}\n" for line in target("lamp").splitlines())
    outcome = import_files(
        train, covariates={"related/a.csv": given}, frequency="D", related=RELATED, horizon=2
    )

    assert outcome.report.errors == 7
    assert all(problem.rule == "V11" for problem in outcome.report.problems)


def test_two_rows_a_period_may_want_a_dimension(import_files: ImportFiles) -> None:
    columns = "timestamp:timestamp target_value:float item_id:string city:string"
    train = "".join(f"{line},{city}\n" for line in target("lamp").splitlines() for city in ("A", "B"))
    given = "".join(f"lamp,2026-01-0{day},1,{city}\n" for city in "AB" for day in range(1, 8))
    outcome = imported(
        import_files, train, {"related/a.csv": given}, columns=columns, related=f"{RELATED} city:string"
    )

    assert outcome.report.errors == 7
    assert "add city to ForecastDimensions" in outcome.report.problems[0].remedy


def test_items_without_related_series_are_forecast_without_and_that_is_said(
    import_files: ImportFiles,
) -> None:
    given = {"related/a.csv": rows("lamp", 1, *range(1, 8))}
    outcome = imported(import_files, target("lamp", "desk"), given, related=RELATED)

    assert outcome.report.errors == 0
    (warning,) = outcome.warnings("V11")
    assert "1 series has no related series" in warning.message
    assert "'desk'" in warning.message
    assert np.isnan(prices(outcome)["desk"]).all()


def test_a_described_dataset_needs_files(import_files: ImportFiles) -> None:
    outcome = imported(import_files, target("lamp"), {}, related=RELATED)

    assert (outcome.error.rule, outcome.error.file) == ("V01", "related/")
    assert "remove the dataset from params.json" in outcome.error.remedy


def test_holes_are_filled_as_asked_for(import_files: ImportFiles) -> None:
    """Between values, from the last to the target's end, and from there on over the horizon."""
    given = rows("lamp", 1, 1, "", 3) + rows("desk", 1, *range(1, 8))
    how = {"middlefill": "mean", "backfill": "max", "futurefill": "value", "futurefill_value": "9"}
    outcome = imported(
        import_files,
        target("lamp", "desk"),
        {"related/a.csv": given},
        related=RELATED,
        related_filling={"price": how},
    )

    assert outcome.report.errors == 0
    assert prices(outcome) == {"lamp": [1, 1, 3, 3, 3, 9, 9], "desk": [1, 2, 3, 4, 5, 6, 7]}


# Item metadata and new items


def test_metadata_goes_beside_the_series(import_files: ImportFiles) -> None:
    given = {"metadata/items.csv": "lamp, light \ndesk,\n"}
    outcome = imported(import_files, target("lamp", "desk"), given, metadata=METADATA)

    assert problems(outcome) == []
    found = {}
    for shard in outcome.shards:
        assert shard.panel.metadata is not None
        assert shard.panel.metadata.names == ("category",)
        found |= dict(zip(shard.panel.ids, shard.panel.metadata.values, strict=True))
    assert found == {"desk": ("",), "lamp": ("light",)}


def test_every_item_is_in_the_metadata(import_files: ImportFiles) -> None:
    given = {"metadata/items.csv": "lamp,light\n"}
    outcome = imported(import_files, target("lamp", "desk"), given, metadata=METADATA)

    assert message(outcome) == (
        "V12 metadata/ desk: the item is in train/ but not in the metadata. Add a row for it"
    )


def test_an_item_has_one_row_of_metadata(import_files: ImportFiles) -> None:
    again = {"metadata/a.csv": "lamp,light\n", "metadata/b.csv": "lamp,light\n"}
    other = {"metadata/a.csv": "lamp,light\n", "metadata/b.csv": "lamp,wood\n"}

    assert imported(import_files, target("lamp"), again, metadata=METADATA).report.errors == 0
    outcome = imported(import_files, target("lamp"), other, metadata=METADATA)
    assert (outcome.error.rule, outcome.error.file, outcome.error.item) == ("V12", "metadata/b.csv", "lamp")


def test_an_item_of_the_metadata_only_is_a_series_without_values(import_files: ImportFiles) -> None:
    given = {"metadata/items.csv": "lamp,light\ncandle,light\nzebra,animal\n"}
    outcome = imported(import_files, target("lamp"), given, metadata=METADATA)

    assert problems(outcome) == []
    assert outcome.series == {"candle": [], "lamp": [1, 2, 3, 4, 5], "zebra": []}
    assert outcome.imported.series == 1


@pytest.mark.parametrize(("algorithm", "zero"), [("ETS", True), ("Prophet", True), ("LSTM", False)])
def test_an_algorithm_that_cannot_forecast_new_items_says_so(
    import_files: ImportFiles, algorithm: str, zero: bool
) -> None:
    given = {"metadata/items.csv": "lamp,light\ncandle,light\n"}
    arn = ALGORITHM_ARN + algorithm
    outcome = imported(import_files, target("lamp"), given, metadata=METADATA, AlgorithmArn=arn)

    warnings = outcome.warnings("V16")
    assert len(warnings) == zero
    assert all(f"{algorithm} forecasts zero" in one.message and "'candle'" in one.message for one in warnings)


def test_an_item_whose_rows_have_no_value_is_new(import_files: ImportFiles) -> None:
    given = {"metadata/items.csv": "lamp,light\ncandle,light\n"}
    outcome = imported(import_files, target("lamp") + "2026-01-01,,candle\n", given, metadata=METADATA)

    assert problems(outcome) == []
    assert outcome.series == {"candle": [], "lamp": [1, 2, 3, 4, 5]}


def test_a_new_item_is_forecast_for_the_dimensions_that_others_have(import_files: ImportFiles) -> None:
    columns = "timestamp:timestamp target_value:float item_id:string city:string"
    train = "".join(f"{line},A\n" for line in target("lamp", "desk").splitlines()) + "2026-01-05,1,lamp,B\n"
    given = {"metadata/items.csv": "lamp,light\ndesk,wood\ncandle,light\n"}
    settings: dict[str, Any] = {"columns": columns, "dimensions": ("city",), "metadata": METADATA}
    outcome = imported(import_files, train, given, **settings)

    assert [name for name, values in outcome.series.items() if not values] == ["candle / A", "candle / B"]
    (panel, *_) = [shard.panel for shard in outcome.shards]
    assert panel.metadata is not None
    assert panel.metadata.names == ("category", "city")


def test_related_series_say_for_which_dimensions_a_new_item_is_forecast(import_files: ImportFiles) -> None:
    columns = "timestamp:timestamp target_value:float item_id:string city:string"
    train = "".join(f"{line},{city}\n" for line in target("lamp").splitlines() for city in "AB")
    related = "".join(
        f"{item},2026-01-0{day},1,{city}\n"
        for item, city in (("lamp", "A"), ("lamp", "B"), ("candle", "B"))
        for day in range(1, 8)
    )
    given = {"metadata/items.csv": "lamp,light\ncandle,light\n", "related/a.csv": related}
    outcome = imported(
        import_files,
        train,
        given,
        columns=columns,
        dimensions=("city",),
        metadata=METADATA,
        related=f"{RELATED} city:string",
    )

    assert outcome.report.errors == 0
    assert [name for name, values in outcome.series.items() if not values] == ["candle / B"]
    assert prices(outcome)["candle / B"] == [1, 1]


def test_many_new_items_do_not_each_make_a_shard(import_files: ImportFiles) -> None:
    names = "".join(f"new-{number},light\n" for number in range(300))
    outcome = imported(
        import_files, target("lamp"), {"metadata/a.csv": f"lamp,light\n{names}"}, metadata=METADATA
    )

    assert len(outcome.series) == 301
    assert len(outcome.shards) <= 4


# All the way into the engine


def test_shards_are_what_the_engine_learns_from(import_files: ImportFiles) -> None:
    """A promotion known ahead and a new item of a known kind, from files to forecasts."""
    draw = np.random.default_rng(2)
    days = [str(np.datetime64("2025-10-01") + day) for day in range(97)]
    train, related, metadata = [], [], []
    for number in range(12):
        kind = ("light", "wood")[number % 2]
        metadata.append(f"item-{number},{kind}\n")
        promotion = (draw.random(97) < 0.2).astype(int)
        promotion[91] = 1
        for day, on in zip(days, promotion, strict=True):
            related.append(f"item-{number},{day},{on}\n")
        level = {"light": 100, "wood": 10}[kind] * np.exp(0.7 * promotion + draw.normal(0, 0.1, 97))
        train += [f"{day},{value:.3f},item-{number}\n" for day, value in zip(days[:90], level, strict=False)]
    metadata.append("item-new,light\n")
    outcome = imported(
        import_files,
        "".join(train),
        {"related/a.csv": "".join(related), "metadata/a.csv": "".join(metadata)},
        related="item_id:string timestamp:timestamp promotion:integer",
        metadata=METADATA,
        horizon=7,
    )
    assert outcome.report.errors == 0
    task = Task(horizon=7)

    found: dict[str, np.ndarray] = {}
    panels = [shard.panel for shard in outcome.shards]
    sample = max(panels, key=len)
    shared = fit_shared(sample, task)
    for panel in panels:
        made = forecast(panel, task, train_panel(panel, task, shared))
        found |= dict(zip(panel.ids, made.values, strict=True))

    ids = [name for name in found if name != "item-new"]
    assert len(found) == 13
    ratios = [found[name][1, 1] / np.median(found[name][[0, 2, 3], 1]) for name in ids]
    assert np.median(ratios) > 1.3
    assert 50 < found["item-new"][0, 1] < 300
    assert not list(objects.keys(outcome.s3, outcome.bucket, "datasets/Item_Metadata/"))


train_panel = train
