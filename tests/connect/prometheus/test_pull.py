"""What is pulled from a real Prometheus is what was written into it."""

import csv
import gzip
import math
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet
import pytest

from stepcast.connect.errors import ConnectorError
from stepcast.connect.prometheus.client import Client, Refused
from stepcast.connect.prometheus.connection import connection
from stepcast.connect.prometheus.source import Pulled, Wish, pull
from stepcast.connect.train_file import LocalFile
from tests.connect.prometheus.conftest import SETTINGS, Store
from tests.services import prometheus, running, victoria_metrics

DAY = 86_400
NOW = int(time.time()) // DAY * DAY - DAY  # a midnight
LATER = NOW + 90  # when the values of NOW are settled
STEP = 300

Points = list[tuple[float, float]]


def wave(start: int, end: int, step: int = STEP) -> Points:
    return [(when, 100 + 50 * math.sin(2 * math.pi * when / DAY)) for when in range(start, end + 1, step)]


def pulled(store: Store, path: Path, query: str, now: float = LATER, **wish: Any) -> Pulled:
    return pull(store.client, Wish(query, **{"step": "5min", **wish}), LocalFile(path), now)


def rows(path: Path) -> list[list[str]]:
    return list(csv.reader(path.read_text("utf-8").splitlines()))


def points(path: Path) -> Points:
    """Moments and values of a file of one item; its missing values left out."""
    return [(seconds(when), float(value)) for _, when, value in rows(path)[1:] if value]


def seconds(stamp: str) -> float:
    return datetime.fromisoformat(stamp).replace(tzinfo=UTC).timestamp()


def test_sixty_days_by_five_minutes_are_pulled_as_they_were_written(store: Store, tmp_path: Path) -> None:
    """More moments than a server gives at once, with a gap of seven hours, in which nothing is made up."""
    gap = range(NOW - 20 * DAY, NOW - 20 * DAY + 7 * 3600)
    written = [point for point in wave(NOW - 60 * DAY, NOW) if point[0] not in gap]
    store.write({"__name__": "long_gauge", "instance": "a:1", "job": "x"}, written)

    said = pulled(store, tmp_path / "x.csv", "long_gauge", since="60d")

    assert len(written) == 60 * 288 + 1 - 7 * 12
    assert points(tmp_path / "x.csv") == written[1:]  # 60 days before LATER begin after the first
    assert (said.rows, said.series, said.first, said.last) == (len(written) - 1, 1, written[1][0], NOW)
    assert said.warnings == []


def test_a_counter_that_was_reset_has_no_negative_rate(store: Store, tmp_path: Path) -> None:
    """30 a second, by a sample a minute; in the middle the process starts again from zero."""
    begin, reset = NOW - 2 * DAY, NOW - DAY
    total = [
        (when, 30.0 * (when - (reset if when >= reset else begin))) for when in range(begin, NOW + 1, 60)
    ]
    store.write({"__name__": "reset_total", "instance": "a:1"}, [(float(w), v) for w, v in total])

    said = pulled(store, tmp_path / "x.csv", "rate(reset_total[10m])", since="1d12h")

    rates = [value for _, value in points(tmp_path / "x.csv")]
    assert len(rates) == 36 * 12
    assert min(rates) > 26  # the minute of the restart is lost to it, as in every rate()
    assert max(rates) == pytest.approx(30)
    assert said.warnings == []


def test_a_bare_counter_is_warned_of_with_the_rate_to_write(store: Store, tmp_path: Path) -> None:
    store.write(
        {"__name__": "bare_total", "instance": "a:1"},
        [(float(w), float(w)) for w in range(NOW - DAY, NOW, 300)],
    )

    said = pulled(store, tmp_path / "x.csv", 'sum(bare_total{instance="a:1"})', since="6h")

    assert said.warnings == [
        "bare_total is a counter, which only rises: pull its rate instead, with "
        "--query 'sum(rate(bare_total{instance=\"a:1\"}[10m]))'"
    ]


def test_what_the_server_calls_a_counter_is_one_whatever_its_name(store: Store, tmp_path: Path) -> None:
    """node_exporter's node_cpu_seconds_total is scraped, so that the server knows its type and its help."""
    store.eventually("node_context_switches_total")

    said = pulled(
        store,
        tmp_path / "x.csv",
        "node_context_switches_total",
        store.now + 3600,
        step="1min",
        since="1h5min",
    )

    assert "node_context_switches_total is a counter" in "".join(said.warnings)


def test_values_that_only_rise_are_warned_of(store: Store, tmp_path: Path) -> None:
    """An untyped metric, as node_vmstat_pgfault is, tells nobody that it counts."""
    store.write(
        {"__name__": "untyped", "instance": "a:1"}, [(float(w), float(w)) for w in range(NOW - DAY, NOW, 300)]
    )

    said = pulled(store, tmp_path / "x.csv", "untyped", since="6h")

    assert said.warnings == [
        "the values only rise, like those of a counter: pull the rate instead, as in rate(NAME[10m])"
    ]


def test_a_step_below_the_scrape_interval_is_refused(store: Store, tmp_path: Path) -> None:
    store.write({"__name__": "every_five", "instance": "a:1"}, wave(NOW - DAY, NOW))

    with pytest.raises(
        ConnectorError, match=r"every_five\{\} are 5m apart, and --step is 1m.*Use --step 5m or more"
    ):
        pulled(store, tmp_path / "x.csv", "avg_over_time(every_five[10m])", step="1min", since="6h")

    assert not (tmp_path / "x.csv").exists()


def test_a_step_above_the_scrape_interval_takes_the_value_of_its_moment(store: Store, tmp_path: Path) -> None:
    store.write({"__name__": "every_minute", "instance": "a:1"}, wave(NOW - DAY, NOW, 60))

    pulled(store, tmp_path / "x.csv", "every_minute", step="1h", since="6h")

    assert points(tmp_path / "x.csv") == wave(NOW - 5 * 3600, NOW, 3600)


def test_samples_further_apart_than_the_server_looks_back_are_pulled(store: Store, tmp_path: Path) -> None:
    """Every hour at ten past: at the full hour, Prometheus itself would have no value."""
    hours = range(NOW - DAY, NOW, 3600)
    store.write({"__name__": "hourly", "instance": "a:1"}, [(hour + 600.0, hour / 3600) for hour in hours])

    pulled(store, tmp_path / "x.csv", "hourly", step="1h", since="1d")

    assert points(tmp_path / "x.csv") == [(hour + 3600, hour / 3600) for hour in hours]


def test_numbers_that_are_none_are_missing_and_counted(store: Store, tmp_path: Path) -> None:
    written = wave(NOW - 3 * 3600, NOW)
    written[3] = (written[3][0], math.nan)
    written[4] = (written[4][0], math.inf)
    written[5] = (written[5][0], -math.inf)
    store.write({"__name__": "odd", "instance": "a:1"}, written)

    said = pulled(store, tmp_path / "x.csv", "odd", since="3h5m")

    assert said.missing == {"NaN": 1, "Inf": 2}
    assert [row[2] for row in rows(tmp_path / "x.csv")[4:7]] == ["", "", ""]
    assert points(tmp_path / "x.csv") == [point for point in written if math.isfinite(point[1])]


def test_since_last_appends_what_is_new_and_nothing_twice(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    written = wave(NOW - DAY, NOW)
    store.write({"__name__": "growing", "instance": "a:1"}, written[:200])
    middle = written[199][0] + 90

    pulled(store, path, "growing", middle, since="last", history="1d")
    first = path.read_bytes()
    again = pulled(store, path, "growing", middle, since="last")
    assert (again.rows, path.read_bytes()) == (0, first)
    store.write({"__name__": "growing", "instance": "a:1"}, written[200:])
    more = pulled(store, path, "growing", since="last")
    once = pulled(store, path, "growing", since="last")

    assert more.rows == len(written) - 200
    assert once.rows == 0
    assert path.read_bytes().startswith(first)
    assert points(path) == written


@pytest.mark.parametrize("ending", [".csv.gz", ".parquet"])
def test_compressed_files_and_parquet_grow_too(store: Store, tmp_path: Path, ending: str) -> None:
    path, plain = tmp_path / f"x{ending}", tmp_path / "x.csv"
    store.write({"__name__": "formats", "instance": "a:1"}, wave(NOW - DAY, NOW))
    for file in (path, plain):
        pulled(store, file, "formats", NOW - 3 * 3600, since="1d")
        pulled(store, file, "formats", since="last")

    if ending == ".parquet":
        table = pyarrow.parquet.read_table(path)
        got = [
            list(map(str, row))
            for row in zip(*(table[name].to_pylist() for name in table.column_names), strict=True)
        ]
    else:
        got = list(csv.reader(gzip.decompress(path.read_bytes()).decode().splitlines()))[1:]
    assert got == rows(plain)[1:]


def test_labels_that_differ_name_the_item_and_a_new_series_keeps_the_old_names(
    store: Store, tmp_path: Path
) -> None:
    def write(instance: str, start: int, end: int) -> None:
        store.write(
            {"__name__": "many", "instance": instance, "job": "x", "mode": 'a "b", c'}, wave(start, end)
        )

    write("a:1", NOW - DAY, NOW)
    write("b:1", NOW - DAY, NOW)
    pulled(store, tmp_path / "x.csv", "many", NOW - 3600, since="6h")
    write("c:1", NOW - 1800, NOW)
    pulled(store, tmp_path / "x.csv", "many", since="last")
    pulled(store, tmp_path / "y.csv", "many", since="3h", apart=["mode"])

    assert {row[0] for row in rows(tmp_path / "x.csv")[1:]} == {
        "instance=a:1",
        "instance=b:1",
        "instance=c:1",
    }
    assert rows(tmp_path / "y.csv")[0] == ["item_id", "mode_1", "timestamp", "target_value"]
    assert rows(tmp_path / "y.csv")[1][:2] == ["instance=a:1", 'a "b", c']


def test_labels_are_written_as_item_metadata_which_keeps_its_columns(store: Store, tmp_path: Path) -> None:
    def write(instance: str, zone: str) -> None:
        labels = {"__name__": "placed", "instance": instance, "zone": zone, "job": "x", "mode": "y"}
        store.write(labels, wave(NOW - DAY, NOW))

    told = LocalFile(tmp_path / "metadata.csv")
    write("a:1", "north")
    write("b:1", "south")
    pulled(store, tmp_path / "x.csv", "placed", NOW - 3600, since="6h", metadata=told)
    before = rows(told.path)
    write("c:1", "north")
    pulled(store, tmp_path / "x.csv", "placed", since="last", metadata=told)

    assert before == [
        ["item_id", "instance_1", "zone_1"],
        ["instance=a:1,zone=north", "a:1", "north"],
        ["instance=b:1,zone=south", "b:1", "south"],
    ]
    assert rows(told.path) == [*before, ["instance=c:1,zone=north", "c:1", "north"]]


def test_a_single_series_is_called_by_its_labels_so_that_it_keeps_its_name(
    store: Store, tmp_path: Path
) -> None:
    store.write({"__name__": "alone", "instance": "a:1", "path": "/x,y"}, wave(NOW - DAY, NOW))
    pulled(store, tmp_path / "x.csv", "alone", NOW - 3600, since="6h")
    store.write({"__name__": "alone", "instance": "b:1", "path": "/x,y"}, wave(NOW - 3600, NOW))
    pulled(store, tmp_path / "x.csv", "alone", since="last")

    assert {row[0] for row in rows(tmp_path / "x.csv")[1:]} == {
        "instance=a:1,path=/x%2Cy",
        "instance=b:1,path=/x%2Cy",
    }


def test_series_that_the_files_names_do_not_tell_apart_are_refused(store: Store, tmp_path: Path) -> None:
    for instance in ("a:1", "b:1"):
        store.write({"__name__": "split", "instance": instance, "mode": "x"}, wave(NOW - DAY, NOW))
    pulled(store, tmp_path / "x.csv", "split", NOW - 3600, since="6h")
    before = (tmp_path / "x.csv").read_bytes()
    store.write({"__name__": "split", "instance": "a:1", "mode": "y"}, wave(NOW - 3600, NOW))

    with pytest.raises(
        ConnectorError, match=r"2 series are named 'instance=a:1'.*pull it again with --force"
    ):
        pulled(store, tmp_path / "x.csv", "split", since="last")

    assert (tmp_path / "x.csv").read_bytes() == before


@pytest.mark.parametrize(
    ("content", "match"),
    [
        (
            "timestamp,target_value\n2025-10-08 00:00:00,1\n",
            "has the columns timestamp, target_value, not item_id",
        ),
        ("item_id,timestamp,target_value\nx,yesterday,1\n", "row 2: not written by a pull"),
        ("item_id,timestamp,target_value\nx,2025-10-08 00:01:00,1\n", "pulled with a --step other than 5m"),
        (
            "item_id,timestamp,target_value\nx,2025-10-08 00:00:00,1\nx,2025-10-08 01:00:00,1\n",
            "pulled with a --step other than 5m",
        ),
    ],
)
def test_a_file_of_something_else_is_left_alone(
    store: Store, tmp_path: Path, content: str, match: str
) -> None:
    path = tmp_path / "x.csv"
    path.write_text(content)

    with pytest.raises(ConnectorError, match=match):
        pulled(store, path, "up", since="last")

    assert path.read_text() == content


def test_a_file_that_exists_is_replaced_only_by_force(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("mine\n")
    store.write({"__name__": "forced", "instance": "a:1"}, wave(NOW - DAY, NOW))

    with pytest.raises(ConnectorError, match="exists: append to it with --since last, or add --force"):
        pulled(store, path, "forced", since="1h")
    pulled(store, path, "forced", since="1h", force=True)

    assert len(rows(path)) == 13


@pytest.mark.parametrize(
    ("query", "wish", "match"),
    [
        ("nothing_of_that_name", {}, "the query returns no values from"),
        ("sum(", {}, r"answers 400: .*parse error"),
        ("up", {"step": "90s"}, "--step 90s: a step must be whole minutes"),
        ("up", {"step": "1W"}, "pull by D, and set the ForecastFrequency"),
        ("up", {"since": "yesterday"}, "'yesterday' is not a time"),
        ("up", {"apart": ["__name__"]}, "'__name__' cannot be a column"),
    ],
)
def test_what_cannot_be_pulled_is_said(
    store: Store, tmp_path: Path, query: str, wish: dict[str, Any], match: str
) -> None:
    with pytest.raises(ConnectorError, match=match):
        pulled(store, tmp_path / "x.csv", query, **{"since": "1h", **wish})


def test_victoria_metrics_is_pulled_from_alike(tmp_path: Path) -> None:
    written = [point for point in wave(NOW - 2 * DAY, NOW) if not NOW - DAY <= point[0] < NOW - DAY + 3600]
    with running(victoria_metrics.SERVICE, tmp_path / "server") as server:
        other = Store(server, Client(connection(server.url)))
        for name in ("one", "two"):
            other.write({"__name__": f"alike_{name}", "instance": "a:1"}, written)
        other.eventually(f"count_over_time(alike_two[3d] offset {int(time.time() - NOW)}s)")

        said = pulled(other, tmp_path / "x.csv", '{__name__=~"alike_.*"}', since="3d")

    found = rows(tmp_path / "x.csv")[1:]
    assert said.rows == len(found) == 2 * len(written)
    assert {row[0] for row in found} == {"metric=alike_one", "metric=alike_two"}
    assert [seconds(row[1]) for row in found[: len(written)]] == [when for when, _ in written]
    assert [float(row[2]) for row in found[len(written) :]] == pytest.approx([value for _, value in written])


def test_what_is_too_much_at_once_is_asked_for_in_smaller_pieces(tmp_path: Path) -> None:
    few = ("--query.max-samples=500",)  # in memory, of one query; by default 50,000,000
    written = wave(NOW - 7 * DAY, NOW)
    with running(
        prometheus.SERVICE, tmp_path / "server", {"prometheus.yml": SETTINGS.format(port=1)}, few
    ) as server:
        small = Store(server, Client(connection(server.url)))
        small.write({"__name__": "heavy", "instance": "a:1"}, written)
        with pytest.raises(Refused, match="too many samples"):
            small.client.data(
                "/api/v1/query_range",
                {"query": "heavy", "start": str(NOW - 7 * DAY), "end": str(NOW), "step": "300"},
            )

        pulled(small, tmp_path / "x.csv", "heavy", since="8d")

    assert points(tmp_path / "x.csv") == written
