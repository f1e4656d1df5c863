"""``stepcast init``: a params.json for somebody's files, with which they are read as pandas reads them."""

import json
import random
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner, Result

from stepcast.cli.app import app
from tests.cases.table import CASES
from tests.pipeline.imports import by_pandas, check_keys, differences
from tests.shared_data import shared_data

READ = [name for name, case in CASES.items() if not case.refused and case.also is None]


def stepcast(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, [*map(str, arguments)])


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def drafted(*arguments: str | Path) -> dict[str, Any]:
    """The params.json of ``stepcast init``, with which the import has no error."""
    answer = stepcast("init", *arguments, "--force", "--json")
    assert answer.exit_code == 0, answer.output
    told = json.loads(answer.stdout)
    assert told["report"]["errors"] == 0, told["report"]["problems"]
    params: dict[str, Any] = json.loads(Path("params.json").read_text())
    return {**params, "told": {one["what"]: one["value"] for one in told["assumed"]}, "train": told["train"]}


def schema(params: dict[str, Any]) -> list[str]:
    return [attribute["AttributeName"] for attribute in params["Datasets"][0]["Schema"]["Attributes"]]


def days(count: int = 40) -> list[str]:
    return [f"{datetime(2024, 1, 1) + timedelta(day):%Y-%m-%d}" for day in range(count)]


def write(name: str, header: str, rows: list[list[object]], end: str = ",") -> Path:
    path = Path(name)
    lines = [header, *(end.join(map(str, row)) for row in rows)]
    path.write_text("\n".join(lines[not header :]) + "\n", encoding="utf-8")
    return path


@pytest.mark.parametrize("name", READ)
def test_the_files_of_good_cases_are_read_with_a_params_json_of_init(name: str) -> None:
    train = shared_data(f"cases/{name}/train")
    files = [
        path
        for path in sorted(train.iterdir())
        if path.name.lower().endswith((".csv", ".csv.gz", ".parquet"))
    ]

    drafted(*files)

    keys = {"params.json": Path("params.json"), **{f"train/{path.name}": path for path in files}}
    own = CASES[name].own_stamps or name == "R30b"  # whose four weeks begin on a Saturday
    assert differences(check_keys(keys).totals, by_pandas(keys, own_stamps=own)) == []


def test_other_names_and_separators_are_found() -> None:
    rows = [[shop, day, number] for shop in ("Bonn", "Köln") for number, day in enumerate(days())]
    for header in (
        "store,date,sales",
        "sku,ds,y",
        "unique_id,ds,y",
        "Ticker,Date,Close",
        "meter_id,time,kWh",
    ):
        params = drafted(write("mine.csv", header, rows))

        assert schema(params) == ["item_id", "timestamp", "target_value"]
        assert params["Predictor"]["FeaturizationConfig"] == {"ForecastFrequency": "D"}


def test_columns_in_another_order_and_without_a_header() -> None:
    rows = [[number, day, shop] for shop in ("Bonn", "Köln") for number, day in enumerate(days())]

    assert schema(drafted(write("mine.csv", "", rows))) == ["target_value", "timestamp", "item_id"]


def test_numbers_that_name_items_are_not_forecast() -> None:
    rows = [[day, shop, item, 7] for shop in (1, 2) for item in (11, 12) for day in days()]
    params = drafted(write("mine.csv", "date,store,item,sales", rows))

    assert schema(params) == ["timestamp", "store", "item_id", "target_value"]
    assert params["Predictor"]["FeaturizationConfig"]["ForecastDimensions"] == ["store"]


def test_the_domain_follows_the_names() -> None:
    rows = [["lamp", day, 1.5, "Bonn"] for day in days()]
    params = drafted(write("mine.csv", "item_id,timestamp,demand,location", rows))

    assert params["DatasetGroup"]["Domain"] == params["Datasets"][0]["Domain"] == "RETAIL"
    assert schema(params) == ["item_id", "timestamp", "demand", "location"]


def test_further_columns_are_kept_as_text_and_named_as_sql_allows() -> None:
    rows = [["lamp", day, 2 * number, 9.5, "x"] for number, day in enumerate(days())]
    params = drafted(write("mine.csv", "sku,date,sales,unit price (€),name", rows))

    assert schema(params) == ["item_id", "timestamp", "target_value", "unit_price", "name_1"]
    assert params["told"]["not used"] == "'unit price (€)' as 'unit_price', 'name' as 'name_1'"


def test_columns_that_may_both_be_meant_are_named_with_the_option_that_chooses() -> None:
    chance = random.Random(1)  # noqa: S311 - prices
    rows = [["A", day, *(round(chance.uniform(9, 11), 2) for _ in range(2))] for day in days()]
    file = write("mine.csv", "name,date,high,low", rows)

    answer = stepcast("init", file)
    chosen = drafted(file, "--target", "low")

    assert answer.exit_code == 1
    assert "'high', 'low': choose one with --target COLUMN" in answer.stderr
    assert schema(chosen) == ["item_id", "timestamp", "high", "target_value"]


def test_two_columns_of_dates_are_named() -> None:
    file = write("mine.csv", "id,ordered,shipped,qty", [["A", day, day, 1] for day in days()])

    assert "'ordered', 'shipped': choose one with --time COLUMN" in stepcast("init", file).stderr
    assert schema(drafted(file, "--time", "shipped"))[2] == "timestamp"


def stamps(begin: datetime, step: timedelta, count: int) -> list[datetime]:
    return [begin + number * step for number in range(count)]


@pytest.mark.parametrize(
    ("moments", "frequency", "anchor", "horizon"),
    [
        (stamps(datetime(2024, 1, 1), timedelta(minutes=5), 2000), "5min", "minutes 00, 05, 10", 120),
        (stamps(datetime(2024, 1, 1), timedelta(minutes=15), 900), "15min", "minutes 00, 15, 30, 45", 96),
        (stamps(datetime(2024, 1, 1, 1), timedelta(hours=2), 300), "2H", "01:00, 03:00, 05:00", 12),
        (stamps(datetime(2024, 1, 1), timedelta(1), 100), "D", "calendar days", 14),
        ([d for d in stamps(datetime(2024, 1, 1), timedelta(1), 100) if d.weekday() < 5], "D", "days", 14),
        (stamps(datetime(2024, 1, 5), timedelta(weeks=1), 80), "W", "weeks from Friday", 13),
        ([datetime(2018 + n // 12, n % 12 + 1, 1) for n in range(60)], "M", "calendar months", 12),
        (
            [datetime(2018 + (n + 1) // 12, (n + 1) % 12 + 1, 1) - timedelta(1) for n in range(60)],
            "M",
            "last day",
            12,
        ),
        ([datetime(2010 + n // 4, n % 4 * 3 + 1, 1) for n in range(40)], "3M", "January, April, July", 4),
        ([datetime(1990 + n, 1, 1) for n in range(30)], "Y", "calendar years", 3),
        (stamps(datetime(2024, 1, 1), timedelta(1), 8), "D", "calendar days", 2),
    ],
)
def test_frequency_anchor_and_horizon_are_the_datas(
    moments: list[datetime], frequency: str, anchor: str, horizon: int
) -> None:
    timed = any(moment.hour or moment.minute for moment in moments)
    texts = [f"{moment:%Y-%m-%d %H:%M:%S}" if timed else f"{moment:%Y-%m-%d}" for moment in moments]
    params = drafted(write("mine.csv", "id,time,y", [["a", text, 1] for text in texts]))

    assert params["Predictor"]["FeaturizationConfig"]["ForecastFrequency"] == frequency
    assert anchor in params["told"]["frequency"]
    assert params["Predictor"]["ForecastHorizon"] == horizon
    assert params["TimestampFormat"] == ("yyyy-MM-dd HH:mm:ss" if timed else "yyyy-MM-dd")


def test_gaps_of_sales_are_zero_and_gaps_of_readings_are_unknown() -> None:
    some = [day for number, day in enumerate(days(90)) if number % 3]
    sold = drafted(
        write("sold.csv", "sku,date,sold", [["a", day, number % 4 + 1] for number, day in enumerate(some)])
    )
    read = drafted(
        write("read.csv", "id,date,load", [["a", day, number + 0.5] for number, day in enumerate(some)])
    )

    fills = [
        one["Predictor"]["FeaturizationConfig"]["Featurizations"][0]["FeaturizationPipeline"][0]
        for one in (sold, read)
    ]
    assert [fill["FeaturizationMethodParameters"]["middlefill"] for fill in fills] == ["zero", "nan"]


def test_a_file_of_time_and_value_is_read_with_a_named_item() -> None:
    file = write("mine.csv", "Date,Close", [[day, 1.5] for day in days()])

    answer = stepcast("init", file)
    checked = stepcast("validate", "--params", "params.json", "--train", file, "--item", "shares")

    assert "run --params params.json --train mine.csv --item series --out forecast/" in answer.stdout
    assert checked.exit_code == 0, checked.output
    assert "40 rows, 1 item" in checked.stdout


def test_a_file_that_the_import_cannot_read_is_rewritten() -> None:
    """Semicolons, decimal commas, German dates, Windows' code page, no item."""
    text = "Datum;Menge\r\n" + "".join(
        f"{d[8:]}.{d[5:7]}.{d[:4]} 00:15;1.0{n:02},5\r\n" for n, d in enumerate(days())
    )
    Path("mine.csv").write_bytes(text.replace("Menge", "Erlös").encode("cp1252"))

    answer = stepcast("init", "mine.csv")
    params = drafted("mine.csv", "--convert", "train.csv")

    assert "separated by semicolons" in answer.stdout
    assert "--convert train.csv" in answer.stdout
    assert params["train"] == ["train.csv"]
    assert Path("train.csv").read_text().splitlines()[1] == "series,2024-01-02 00:15:00,1001.5"


def test_days_and_months_that_look_alike_are_asked_for() -> None:
    file = write("mine.csv", "id,date,y", [["a", f"0{n}/02/2024", n] for n in range(1, 10)])

    assert "--time-format 'dd/MM/yyyy'" in stepcast("init", file).stderr
    params = drafted(file, "--time-format", "MM/dd/yyyy", "--convert", "train.csv")

    assert params["Predictor"]["FeaturizationConfig"]["ForecastFrequency"] == "M"


def test_nothing_is_replaced_without_force() -> None:
    file = write("mine.csv", "id,date,y", [["a", day, 1] for day in days()])
    Path("params.json").write_text("mine")

    answer = stepcast("init", file)

    assert answer.exit_code == 1
    assert "params.json already exists" in answer.stderr
    assert Path("params.json").read_text() == "mine"


def test_what_is_read_is_never_replaced() -> None:
    file = write("mine.csv", "id;date;y", [["a", day, 1] for day in days()], end=";")
    before = file.read_text()

    answer = stepcast("init", file, "--convert", file, "--force")

    assert answer.exit_code == 1
    assert "mine.csv is an input file" in answer.stderr
    assert file.read_text() == before


def test_files_of_different_columns_are_not_one_dataset() -> None:
    sales = write("sales.csv", "id,date,y", [["a", day, 1] for day in days()])
    prices = write("prices.csv", "id,date,price", [["a", day, 9] for day in days()])

    assert "related series" in stepcast("init", sales, prices).stderr


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", "is empty"),
        ("id,date,y\n", "has a header but no rows"),
        ("a\nb\n", "has only one column"),
        ('id,date,y\na,2024-01-01,"' + 200_000 * "x", "cannot be read as CSV"),
        ("a,b\nc,d\n", "no column contains dates"),
        ("a,2024-01-01,x\na,2024-01-02,y\n", "no column contains numbers"),
        ("a,2024-01-01,1\na,2024-01-01,2\n", "the same timestamp"),
    ],
)
def test_what_cannot_be_forecast_is_said(content: str, says: str) -> None:
    Path("mine.csv").write_text(content)

    answer = stepcast("init", "mine.csv")

    assert answer.exit_code == 1
    assert says in answer.stderr
    assert not Path("params.json").exists()


@pytest.mark.parametrize(("hours", "form"), [(6, "yyyy-MM-dd HH:mm:ss"), (24, "yyyy-MM-dd")])
def test_midnights_of_parquet_are_days_only_where_all_are(hours: int, form: str) -> None:
    moments = [datetime(2024, 1, 1) + timedelta(hours=hours * number) for number in range(90)]
    table = pa.table({"item": ["lamp"] * 90, "time": moments, "kwh": [float(n % 7) for n in range(90)]})
    pq.write_table(table, "mine.parquet")

    params = drafted("mine.parquet")

    assert params["TimestampFormat"] == form
    assert params["Predictor"]["FeaturizationConfig"]["ForecastFrequency"] == ("6H" if hours == 6 else "D")


def test_the_horizon_suits_all_rows_where_only_the_first_were_looked_at(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("stepcast.drafting.sample.ROWS", 50)
    rows = [[f"lamp {item}", day, 1] for day in days(60) for item in range(10)]
    params = drafted(write("mine.csv", "id,date,y", rows))

    assert params["told"]["sample"] == "the first 49 rows"
    assert params["Predictor"]["ForecastHorizon"] == 14


def test_offsets_from_utc_ask_for_the_zone_that_is_meant() -> None:
    moments = stamps(datetime(2024, 10, 20), timedelta(hours=1), 300)
    rows = [["a", f"{at:%Y-%m-%dT%H:%M:%S}+0{2 - (at > datetime(2024, 10, 27, 2))}:00", 1] for at in moments]
    file = write("mine.csv", "id,time,y", rows)

    asked = stepcast("init", file)
    params = drafted(file, "--time-zone", "Europe/Berlin", "--convert", "train.csv")

    assert "+01:00 and +02:00: choose the time zone with --time-zone" in asked.stderr
    assert drafted(file, "--time-zone", "Europe/Berlin")["TimeZone"] == "Europe/Berlin"
    assert params["Predictor"]["FeaturizationConfig"]["ForecastFrequency"] == "H"
    assert stepcast("init", file, "--time-zone", "Mars/Olympus").exit_code == 2


def test_files_of_one_dataset_may_be_written_in_two_ways() -> None:
    write("one.csv", "id;date;y", [["Köln", day, "1,5"] for day in days(20)], end=";")
    other = "".join(f"Köln\t{day}\t2,5\n" for day in days(40)[20:])
    Path("two.csv").write_bytes(("id\tdate\ty\n" + other).encode("cp1252"))

    drafted("one.csv", "two.csv", "--convert", "train.csv")

    lines = Path("train.csv").read_text("utf-8").splitlines()
    assert lines[0] == "Köln,2024-01-01,1.5"
    assert lines[-1] == "Köln,2024-02-09,2.5"


def test_a_moment_in_two_or_three_columns_is_put_together() -> None:
    meter = [[day, f"{quarter // 4}:{quarter % 4 * 15:02}", 0.5] for day in days(9) for quarter in range(96)]
    drafted(write("meter.csv", "Day,Start,kWh", meter), "--convert", "train.csv")
    quarters = Path("train.csv").read_text().splitlines()
    books = [[2018 + month // 12, month % 12 + 1, 100 + month] for month in range(48)]
    params = drafted(write("books.csv", "Year,Month,Sales", books), "--convert", "train.csv")

    assert quarters[1] == "series,2024-01-01 00:15:00,0.5"
    assert params["Predictor"]["FeaturizationConfig"]["ForecastFrequency"] == "M"
    assert Path("train.csv").read_text().splitlines()[1] == "series,2018-02-01,101"


def test_a_wide_table_is_named() -> None:
    file = write("wide.csv", "sku,2024-01-01,2024-01-02,2024-01-03", [["a", 1, 2, 3], ["b", 1, 2, 3]])

    assert "one row for each" in stepcast("init", file).stderr


def test_lines_above_the_table_are_left_behind() -> None:
    """As a utility exports it: a title, quoted cells, American dates, the time of day by itself."""
    title = '"Name : A B",,,,\n"UOM: kWh",,,,\n,,,,\n'
    write(
        "meter.csv",
        "Meter Number,Date,Start Time,Duration,Consumed",
        [
            ["0001", f"{d[5:7]}/{d[8:]}/{d[:4]}", f"{h % 12 or 12:02}:00:00 {'AP'[h // 12]}M", "Hour", h / 10]
            for d in days(20)
            for h in range(24)
        ],
    )
    Path("meter.csv").write_text(title + Path("meter.csv").read_text())

    drafted("meter.csv", "--convert", "train.csv")

    assert Path("train.csv").read_text().splitlines()[13] == "0001,2024-01-01 13:00:00,1.3"


def rows_of(file: str) -> list[list[str]]:
    return [line.split(",") for line in Path(file).read_text().splitlines()]


def test_a_table_with_a_series_in_each_column_becomes_rows_of_each() -> None:
    rows = [[day, n, "dry" if n % 3 else "wet", 1.5 * n, -n] for n, day in enumerate(days(), 1)]
    file = write("mine.csv", "date,row,weather,east,west", rows)

    refused = stepcast("init", file)
    params = drafted(file, "--wide", "--convert", "long.csv")

    assert refused.exit_code == 1
    assert "--wide" in refused.stderr
    assert params["told"]["series"] == "2 columns, 'east', 'west'"
    assert schema(params) == ["timestamp", "item_id", "target_value"]
    assert rows_of("long.csv") == [
        row for day, n, _, east, _ in rows for row in ([day, "east", str(east)], [day, "west", str(-int(n))])
    ]


def test_a_table_with_a_period_in_each_column_becomes_rows_of_each() -> None:
    months = [f"{1 + n % 12}/15/{20 + n // 12}" for n in range(30)]
    rows: list[list[object]] = [
        [name, 7.5, *range(start, start + 30)] for name, start in (("a", 5), ("b", 9))
    ]
    file = write("mine.csv", ",".join(["Country/Region", "Lat", *months]), rows)

    refused = stepcast("init", file)
    params = drafted(file, "--wide", "--convert", "long.csv")

    assert "--wide makes one row for each item and date" in refused.stderr
    assert params["told"]["periods"].startswith("30 columns, '1/15/20', '2/15/20'")
    assert params["told"]["item"] == "'Country/Region'"
    assert schema(params) == ["item_id", "timestamp", "target_value"]
    assert params["Predictor"]["FeaturizationConfig"]["ForecastFrequency"] == "M"
    assert rows_of("long.csv")[30:32] == [["b", "2020-01-15", "9"], ["b", "2020-02-15", "10"]]


def test_rows_of_periods_need_a_column_that_names_them() -> None:
    years = [str(year) for year in range(2001, 2025)]
    rows: list[list[object]] = [[number, *range(24)] for number in (7, 8)]
    file = write("mine.csv", ",".join(["plot", *years]), rows)

    answer = stepcast("init", file, "--wide")
    params = drafted(file, "--wide", "--item", "plot", "--convert", "long.csv")

    assert answer.exit_code == 1
    assert "no column identifies the items of 2 rows: choose with --item COLUMN" in answer.stderr
    assert rows_of("long.csv")[0] == ["7", "2001-01-01", "0"]
    assert params["Predictor"]["FeaturizationConfig"]["ForecastFrequency"] == "Y"


def test_some_columns_of_several_items_become_a_series_each() -> None:
    rows = [[day, shop, n, 2 * n, 9] for n, day in enumerate(days()) for shop in ("Bonn", "Ulm")]
    file = write("mine.csv", "date,shop,tea,milk,staff", rows)

    params = drafted(file, "--target", "milk", "--target", "tea", "--convert", "long.csv")

    assert schema(params) == ["timestamp", "item_id", "series", "target_value"]
    assert params["Predictor"]["FeaturizationConfig"]["ForecastDimensions"] == ["series"]
    assert rows_of("long.csv")[:3] == [
        ["2024-01-01", "Bonn", "milk", "0"],
        ["2024-01-01", "Bonn", "tea", "0"],
        ["2024-01-01", "Ulm", "milk", "0"],
    ]


def test_every_row_of_a_wide_file_that_is_longer_than_its_sample_is_converted() -> None:
    wide = [f"s{number}" for number in range(400)]
    moments = [f"{datetime(2024, 1, 1) + timedelta(hours=n):%Y-%m-%d %H:%M:%S}" for n in range(300)]
    rows: list[list[object]] = [[moment, *(f"{n}.5" for _ in wide)] for n, moment in enumerate(moments)]

    params = drafted(write("mine.csv", ",".join(["hour", *wide]), rows), "--wide", "--convert", "long.csv")

    assert len(rows_of("long.csv")) == 300 * 400
    assert params["Predictor"]["ForecastHorizon"] == 24


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--target", "east", "--target", "north"], "there is no column 'north'"),
        (
            ["--target", "east", "--target", "date"],
            "'date' cannot be the time or an item and also a --target",
        ),
        (["--wide", "--item", "east"], "--wide needs several columns with numbers; there is only 'west'"),
    ],
)
def test_columns_that_cannot_be_a_series_each_are_named(options: list[str], said: str) -> None:
    file = write("mine.csv", "date,east,west", [[day, n, n] for n, day in enumerate(days())])

    answer = stepcast("init", file, *options)

    assert answer.exit_code == 1
    assert said in answer.stderr


def test_one_column_is_not_taken_twice_and_all_are_not_chosen_from() -> None:
    file = write("mine.csv", "date,east,west", [[day, n, n] for n, day in enumerate(days())])

    twice = drafted(file, "--target", "east", "--target", "east", "--item", "west")
    both = stepcast("init", file, "--wide", "--target", "east")

    assert "series" not in twice["told"]
    assert both.exit_code == 2
    assert "leave it out to choose" in " ".join(both.stderr.replace("│", "").split())


def test_columns_of_a_file_without_a_header_can_be_a_series_each() -> None:
    file = write("mine.csv", "", [[day, n, 2 * n] for n, day in enumerate(days())])
    params = drafted(file, "--wide", "--convert", "long.csv")

    assert params["told"]["time"] == "column 1"
    assert params["told"]["target"] == "'value'"
    assert rows_of("long.csv")[3] == ["2024-01-02", "3", "2"]


def test_the_command_that_converts_has_the_options_that_were_given() -> None:
    rows = [[f"{n % 28 + 1}.{n // 28 + 1}.2024", n, n] for n in range(50)]
    file = write("mine.csv", "day,east,west", rows)

    said = stepcast("init", file, "--wide", "--time-format", "d.M.yyyy", "--horizon", "5").stdout

    options = "--time-format d.M.yyyy --wide --horizon 5 --out params.json --convert train.csv --force"
    assert f"Convert it with: stepcast init mine.csv {options}" in said


def test_days_and_months_with_and_without_zeros_are_one_format() -> None:
    rows = [[f"{1 + n // 28:02}/{1 + n % 28}/2024", n] for n in range(80)]
    params = drafted(write("mine.csv", "Week,y", rows), "--convert", "iso.csv")

    assert params["told"]["time"] == "'Week'"
    assert rows_of("iso.csv")[79] == ["series", "2024-03-24", "79"]


def test_year_month_day_and_hour_are_one_timestamp() -> None:
    moments = [datetime(2024, 1, 1) + timedelta(hours=n) for n in range(100)]
    rows: list[list[object]] = [[m.year, m.month, m.day, m.hour, n] for n, m in enumerate(moments)]
    params = drafted(write("mine.csv", "year,month,day,hour,pm", rows), "--convert", "iso.csv")

    assert params["Predictor"]["FeaturizationConfig"]["ForecastFrequency"] == "H"
    assert rows_of("iso.csv")[25] == ["series", "2024-01-02 01:00:00", "25"]


def test_of_many_columns_the_first_are_named() -> None:
    names = [f"flag{number}" for number in range(30)]
    rows: list[list[object]] = [
        [day, 1.5, *(["no", "yes"][n % 2 :][:1] * 30)] for n, day in enumerate(days())
    ]
    params = drafted(write("mine.csv", ",".join(["date", "sales", *names]), rows), "--convert", "few.csv")

    assert params["told"]["not used"].endswith("'flag5' as 'flag5' and 24 more")


def test_text_beside_one_series_is_not_its_item() -> None:
    rows = [[day, "N" if n % 2 else "SW", n] for n, day in enumerate(days())]
    params = drafted(write("mine.csv", "date,wind,pm", rows), "--convert", "one.csv")

    assert params["told"]["item"] == "one, 'series'"
    assert rows_of("one.csv")[1] == ["series", "2024-01-02", "1"]
