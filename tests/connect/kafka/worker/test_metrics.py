"""Reports of workers add up, whoever dies in between."""

from email.message import Message

from stepcast.connect.hosts import Hosts
from stepcast.connect.kafka.worker.counts import Counts
from stepcast.connect.kafka.worker.metrics import Metrics
from stepcast.connect.kafka.worker.report import PartitionReport, WorkerReport
from stepcast.connect.kafka.worker.timing import BOUNDS, Histogram


def report(committed: int, partitions: dict[int, PartitionReport] | None = None) -> WorkerReport:
    times = Histogram()
    for _ in range(committed):
        times.add(0.02)
    return WorkerReport("p", committed, 0, times.total, times.counts, partitions or {})


def value(page: str, line: str) -> float:
    (found,) = [text for text in page.splitlines() if text.startswith(f"stepcast_stream_{line}")]
    return float(found.rsplit(" ", 1)[1])


def test_what_a_worker_committed_before_it_died_still_counts() -> None:
    metrics = Metrics("g")
    metrics.hear("a", report(3))
    metrics.hear("b", report(5))
    metrics.hear("a", None)
    metrics.hear("a", report(2))

    page = metrics.page()

    assert value(page, 'transactions_total{group="g",outcome="committed"}') == 10
    assert value(page, 'transaction_seconds_bucket{group="g",le="0.025"}') == 10
    assert value(page, 'transaction_seconds_bucket{group="g",le="0.01"}') == 0
    assert value(page, 'worker_restarts_total{group="g"}') == 1


def test_lag_is_not_said_before_it_is_known() -> None:
    metrics = Metrics('quoted " group')
    known = PartitionReport(7, 9, 1_500, 2, 1, Counts(observations=4, late=1))
    unknown = PartitionReport(7, -1, 0, 0, 0, Counts())

    metrics.hear("a", report(1, {0: known, 1: unknown}))

    page = metrics.page()
    labels = 'group="quoted \\" group",partition="0"'
    assert value(page, f"lag{{{labels}}}") == 2
    assert value(page, f"watermark_seconds{{{labels}}}") == 1.5
    assert value(page, f'dropped_total{{{labels},reason="late"}}') == 1
    assert page.count("stepcast_stream_lag{") == 1


def test_a_histogram_has_a_place_for_every_time() -> None:
    times = Histogram()
    for seconds in (0.0, BOUNDS[-1], BOUNDS[-1] + 1):
        times.add(seconds)

    assert (times.counts[0], times.counts[-2], times.counts[-1]) == (1, 1, 1)
    assert sum((times + times).counts) == 6


def test_only_addresses_and_localhost_name_this_server() -> None:
    own = ["127.0.0.1:9812", "localhost:9812", "[::1]:9812", "[::1]", "LOCALHOST"]
    foreign = ["", "forecasts.example:9812", "127.0.0.1.example", "localhost.example:80"]

    def is_own(host: str) -> bool:
        headers = Message()
        headers["Host"] = host
        return Hosts("127.0.0.1").refusal(headers) is None

    assert [is_own(host) for host in own] == [True] * len(own)
    assert [is_own(host) for host in foreign] == [False] * len(foreign)
