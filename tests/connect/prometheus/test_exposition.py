"""What is printed for a Prometheus is read by Prometheus's own tools, whatever items are called."""

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from stepcast.connect.errors import ConnectorError
from stepcast.connect.prometheus.exposition import exposition
from stepcast.connect.prometheus.expressions import observed, selectors
from stepcast.connect.prometheus.rules import Alerts, rules
from stepcast.connect.prometheus.vintage import ForecastSeries, Vintage
from stepcast.pipeline.vintages import Manifest
from tests.services import prometheus

ODD = ['a "b"', "back\\slash", "two\nlines", "Köln", "{x}", ""]


def vintage() -> Vintage:
    columns = {"item_id": "string", "date": "string", "p10": "double", "p90": "double"}
    manifest = Manifest.model_construct(
        vintage="v", predictor="p", best="AutoPredictor", wide_columns=columns
    )
    series = [
        ForecastSeries(
            {"item_id": f"shop={odd}", "shop": odd}, {"p10": [1.0, 2.0], "p90": [3.0, float("nan")]}
        )
        for odd in ODD
    ]
    return Vintage(
        manifest, 0.0, [300.0, 600.0], series, [({"scope": "all"}, {"wql": 0.5})], [{"kind": "data"}]
    )


def promtool(*arguments: str, text: str = "") -> "subprocess.CompletedProcess[str]":
    server = prometheus.SERVICE.find()
    tool = server.with_name("promtool") if server else None
    if tool is None or not tool.exists():
        pytest.skip("promtool is not here: scripts/services bring prometheus")
    return subprocess.run([tool, *arguments], input=text, capture_output=True, text=True, check=False)


def test_every_name_of_an_item_is_a_label_that_prometheus_reads() -> None:
    page = exposition(vintage(), 300.0, ["0s", "5m"])

    checked = promtool("check", "metrics", text=page)

    # The one thing that it finds odd: a label that summaries have, too.
    said = set(checked.stderr.splitlines())
    assert said == {'stepcast_forecast non-summary metrics should not have "quantile" label'}
    assert page.count("\nstepcast_forecast{") == len(ODD) * 3  # a number that is not known is not served


def test_rules_hold_any_expression(tmp_path: Path) -> None:
    query = 'sum by (shop) (rate(x{path=~"/a.*|\\\\d", q=\'"\'}[5m]))  # : a comment\n / 2'

    made = rules(vintage(), ["0s", "1h"], Alerts(query, threshold=1e9, lasting="5m"))

    (tmp_path / "rules.yml").write_text(made)
    checked = promtool("check", "rules", str(tmp_path / "rules.yml"))
    assert checked.returncode == 0, checked.stderr
    above, exceeds, *_ = yaml.safe_load(made)["groups"][0]["rules"]
    assert above["expr"].startswith(f"({query})")
    assert above["expr"].endswith(
        '> on (shop) group_left () max by (shop) (stepcast_forecast{quantile="0.9", lead="0s"})'
    )
    assert exceeds["expr"] == 'max by (shop) (stepcast_forecast{quantile="0.1", lead="1h"}) > 1000000000.0'
    assert above["for"] == "5m"


def test_rules_compare_the_present_with_what_was_forecast_for_it() -> None:
    with pytest.raises(ConnectorError, match="add 0s to --leads"):
        rules(vintage(), ["1h"], Alerts("x"))


@pytest.mark.parametrize("label", ["metric", "quantile_1"])
def test_rules_that_could_never_match_are_refused(label: str) -> None:
    """The name of a metric is no label to compare by, and a summary's quantile is not the forecast's."""
    apart = replace(vintage(), series=[ForecastSeries({"item_id": "x", label: "y"}, {"p90": [1.0, 2.0]})])

    with pytest.raises(ConnectorError, match=f"items differ in {label}"):
        rules(apart, ["0s"], Alerts("x"))


@pytest.mark.parametrize(
    ("expression", "names", "strict"),
    [
        ("up", ["up"], "last_over_time(up[9ms])"),
        ('{__name__=~"node_.*"}', [""], 'last_over_time({__name__=~"node_.*"}[9ms])'),
        ("a + on (b) group_left (d) rate(e[1m])", ["a", "e"], None),
        ("sum without (x) (rate(y[5m]))", ["y"], "sum without (x) (rate(y[5m]))"),
        ("sum(z) by (w)", ["z"], "sum(last_over_time(z[9ms])) by (w)"),
        ("a offset 5m / b @ end()", ["a", "b"], "a offset 5m / b @ end()"),
        ("max_over_time(a[1h:5m]) + b", ["a", "b"], "max_over_time(a[1h:5m]) + b"),
        ("time() - timestamp(a)", ["a"], "time() - timestamp(a)"),
        ('label_replace(a, "x", "b(c)")', ["a"], 'label_replace(last_over_time(a[9ms]), "x", "b(c)")'),
        ("a:b:c > bool 2e3 # d", ["a:b:c"], "last_over_time(a:b:c[9ms]) > bool 2e3 # d"),
        ("((", [], "(("),
        ('a{b="', ["a"], None),
    ],
)
def test_selectors_are_found_in_expressions(expression: str, names: list[str], strict: str | None) -> None:
    assert [selector.name for selector in selectors(expression)] == names
    if strict is not None:
        assert observed(expression, 9) == strict
