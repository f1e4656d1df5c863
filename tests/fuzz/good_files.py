"""Good inputs to mutate: small, seeded, each with a peculiarity of real files."""

import csv
import io
import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from tests.pipeline.given import params_document

__all__ = ["Good", "good_inputs", "text_of"]

Row = list[str]


@dataclass(frozen=True)
class Good:
    """params.json, and the rows of each file by key; ``end`` closes a line, the header stands by itself."""

    name: str
    params: dict[str, Any]
    rows: dict[str, list[Row]]
    item: int  # the place of each kind of cell in a row
    stamp: int
    value: int
    end: str = "\n"
    header: str = ""


def text_of(rows: list[Row], end: str = "\n") -> str:
    """Rows as CSV, quoted where they must be."""
    written = io.StringIO()
    csv.writer(written, lineterminator=end).writerows(rows)
    return written.getvalue()


@cache
def good_inputs() -> tuple[Good, ...]:
    """All of them, the same at every call."""
    chance = random.Random(10)  # noqa: S311 - numbers to sell lamps by
    return _days(chance), _hours(chance), _weeks(chance), _months(chance), _odd_names(chance)


def _days(chance: random.Random) -> Good:
    """Two files, divided by time."""
    rows = [
        [item, f"{datetime(2024, 1, 1) + timedelta(day):%Y-%m-%d}", f"{chance.uniform(5, 25):.2f}"]
        for item in ("desk", "floor", "street")
        for day in range(40)
    ]
    first, second = [r for r in rows if r[1] < "2024-01-25"], [r for r in rows if r[1] >= "2024-01-25"]
    return Good("days", params_document(), {"train/a.csv": first, "train/b.csv": second}, 0, 1, 2)


def _hours(chance: random.Random) -> Good:
    """The stamp first, Windows' line ends, averages, gaps, cells left empty and two values an hour."""
    begin = datetime(2024, 3, 1)
    rows = [
        [f"{begin + timedelta(minutes=30 * half):%Y-%m-%d %H:%M:%S}", str(chance.randrange(90)), meter]
        for meter in ("m1", "m2")
        for half in range(120)
        if chance.random() > 0.1
    ]
    for row in chance.sample(rows, 6):
        row[1] = ""
    method = {"FeaturizationMethodName": "filling", "FeaturizationMethodParameters": {"aggregation": "avg"}}
    features = [{"AttributeName": "target_value", "FeaturizationPipeline": [method]}]
    params = params_document(
        Predictor__FeaturizationConfig={"ForecastFrequency": "H", "Featurizations": features},
        Datasets__0__DataFrequency="30min",
        TimestampFormat="yyyy-MM-dd HH:mm:ss",
    )
    schema = params["Datasets"][0]["Schema"]["Attributes"]
    schema[:] = [schema[1], schema[2], schema[0]]
    return Good("hours", params, {"train/meters.csv": rows}, 2, 0, 1, end="\r\n")


def _weeks(chance: random.Random) -> Good:
    """A dimension that is forecast, and one that is summed over."""
    rows = [
        [
            item,
            place,
            f"{datetime(2023, 1, 2) + timedelta(weeks=week):%Y-%m-%d}",
            str(chance.randrange(9)),
            till,
        ]
        for item in ("1001", "1002")
        for place in ("Köln", "Bonn")
        for week in range(30)
        for till in ("A", "B")
    ]
    params = params_document(
        DatasetGroup__Domain="RETAIL",
        Datasets__0__Domain="RETAIL",
        Datasets__0__DataFrequency="W",
        Predictor__FeaturizationConfig={"ForecastFrequency": "W", "ForecastDimensions": ["location"]},
    )
    names = {
        "item_id": "string",
        "location": "string",
        "timestamp": "timestamp",
        "demand": "float",
        "till": "string",
    }
    params["Datasets"][0]["Schema"]["Attributes"] = [
        {"AttributeName": name, "AttributeType": kind} for name, kind in names.items()
    ]
    return Good("weeks", params, {"train/tills.csv": rows}, 0, 2, 3)


def _months(chance: random.Random) -> Good:
    """A header."""
    rows = [
        [item, f"{2018 + month // 12}-{month % 12 + 1:02}-01", f"{chance.gauss(0, 1e6):.6g}"]
        for item in ("x", "y")
        for month in range(60)
    ]
    params = params_document(
        Datasets__0__DataFrequency="M", Predictor__FeaturizationConfig={"ForecastFrequency": "M"}
    )
    return Good("months", params, {"train/gl.csv": rows}, 0, 1, 2, header="item_id,timestamp,target_value")


def _odd_names(chance: random.Random) -> Good:
    """Names that must be quoted, and names that look like other things."""
    names = ("1", "01", "NA", "null", "a,b", '12" pipe', "日本", "2024-01-01")
    rows = [
        [name, f"{datetime(2024, 5, 1) + timedelta(day):%Y-%m-%d}", str(chance.randrange(1000) / 4)]
        for name in names
        for day in range(12)
    ]
    return Good("names", params_document(Predictor__ForecastHorizon=4), {"train/n.csv": rows}, 0, 1, 2)
